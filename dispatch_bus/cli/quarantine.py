"""``dispatch-bus quarantine``: see, mend and replay what could not be understood."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from dispatch_bus.application import board, quarantining
from dispatch_bus.bootstrap import load_checked, open_bus
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.safe import safe
from dispatch_bus.store.quarantine import Quarantined, QuarantineState

commands = typer.Typer(help="See, mend and replay records.", no_args_is_help=True)


@commands.command(name="list")
def list_records(
    configuration: ConfigOption = None,
    state: Annotated[QuarantineState | None, typer.Option(help="Only this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
) -> None:
    """List quarantined records, newest first."""
    bus = open_bus(*load_checked(configuration), "cli")
    console = Console()
    for one in board.quarantined(bus, state, None, limit).items:
        console.print(_told(one), highlight=False, soft_wrap=True)


def _told(one: Quarantined) -> str:
    since = f"{one.received_at.astimezone():%d %b %H:%M:%S}"
    record = f"{one.room} record {one.record}, {one.bytes:,} bytes"
    reason = f"{safe(one.field)}: {safe(one.remedy)}"
    head = f"[bold]{one.id}[/] {one.state.value} since {since}: {safe(record)}"
    return f"{head}\n  [yellow]→[/] {reason}"


@commands.command()
def show(record: UUID, configuration: ConfigOption = None) -> None:
    """Write a record's bytes to standard output, as they came; the look is journalled."""
    bus = open_bus(*load_checked(configuration), "cli")
    sys.stdout.buffer.write(quarantining.consult(bus, record, by="cli"))


@commands.command()
def replay(
    record: UUID,
    configuration: ConfigOption = None,
    mended: Annotated[
        Path | None, typer.Option("--with", help="A file with the mended bytes.", exists=True)
    ] = None,
) -> None:
    """Have a record read again, as it is or mended; intake does so within a second."""
    bus = open_bus(*load_checked(configuration), "cli")
    quarantining.ask_replay(bus, record, mended.read_bytes() if mended else None, by="cli")
    Console().print(f"{record} will be read again; see 'quarantine list'.")


@commands.command()
def dismiss(record: UUID, configuration: ConfigOption = None) -> None:
    """Settle a record that needs no replay."""
    bus = open_bus(*load_checked(configuration), "cli")
    quarantining.dismiss(bus, record, by="cli")
    Console().print(f"{record} is dismissed.")
