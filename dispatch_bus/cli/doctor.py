"""``dispatch-bus doctor``: one look at everything, with what to do about each finding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer
from attrs import asdict
from rich.console import Console
from rich.table import Table

from borderzones import Zones
from dispatch_bus.application.doctor import Finding, Grade, examine, machine, worst
from dispatch_bus.bootstrap import certificate_files, data_folder, load_checked, open_bus
from dispatch_bus.cli.broker import compare
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.safe import safe
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.messaging.admin.comparing import Difference
from dispatch_bus.settings import Settings

_COLOURS = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.PROBLEM: "bold red"}
_STATUS = {Grade.OK: 0, Grade.WARNING: 1, Grade.PROBLEM: 2}


def doctor(
    configuration: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Look at everything and say what to do; status 1 for a warning, 2 for a problem."""
    settings, zones = load_checked(configuration)
    console = Console()
    with console.status("Looking …"):
        found = list(_findings(settings, zones))
    grade = worst(found)
    if as_json:
        console.print_json(json.dumps({"grade": grade, "findings": [asdict(one) for one in found]}))
    else:
        _show(found, console)
    raise typer.Exit(_STATUS[grade])


def _findings(settings: Settings, zones: Zones) -> Iterator[Finding]:
    data = data_folder(settings.bus)
    yield from machine.findings(data, certificate_files(settings.bus), datetime.now(UTC))
    yield from _broker(settings)
    try:
        bus = open_bus(settings, zones, "doctor")
        with closing(bus.store):
            yield from examine(bus)
    except Stop as error:
        yield Finding("database", Grade.PROBLEM, error.what, error.remedy)
    except Retry as error:
        remedy = "Start it, or see that store.url and the network lead to it."
        yield Finding("database", Grade.PROBLEM, error.what, remedy)


def _broker(settings: Settings) -> Iterator[Finding]:
    """Look at a broker that is configured; the embedded bus has it in memory."""
    if not settings.bus.broker.url:
        return
    try:
        planned, left = compare(settings)
    except Stop as error:
        yield Finding("broker", Grade.PROBLEM, error.what, error.remedy)
    except Retry as error:
        remedy = "Start it; until then work is found by looking for it, and inboxes wait."
        yield Finding("broker", Grade.PROBLEM, error.what, remedy)
    else:
        yield from (_differs(one) for one in left)
        if not left:
            yield Finding("broker", Grade.OK, f"it holds all {planned} things as planned")


def _differs(one: Difference) -> Finding:
    where = f" in {one.vhost}" * bool(one.vhost)
    return Finding("broker", Grade.PROBLEM, f"{one.kind} {one.name}{where}: {one.what}", one.remedy)


def _show(found: Sequence[Finding], console: Console) -> None:
    table = Table("", "Topic", "Finding", "What to do")
    for one in found:
        mark = f"[{_COLOURS[one.grade]}]{one.grade}[/]"
        table.add_row(mark, safe(one.topic), safe(one.what), safe(one.remedy))
    console.print(table)
    counts = {grade: sum(one.grade is grade for one in found) for grade in Grade}
    console.print(", ".join(f"{count} {grade}" for grade, count in counts.items()))
