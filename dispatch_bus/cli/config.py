"""``dispatch-bus config``: look at the configuration before the bus does."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from dispatch_bus.bootstrap import adapter_names, geography_facts
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.safe import safe
from dispatch_bus.domain.errors import Stop, shown
from dispatch_bus.editions import ZONES_FILE, load_zones
from dispatch_bus.sdk.process import try_start
from dispatch_bus.settings import Finding, Level, check, defaults_folder

commands = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@commands.callback()
def _config() -> None:
    """Look at the configuration."""


@commands.command(name="check")
def check_folder(configuration: ConfigOption = None) -> None:
    """Find every mistake, contradiction, tie and hole; the status is 1 if there is an error."""
    folder = configuration or defaults_folder()
    findings = _findings(folder)
    console = Console()
    for one in findings:
        console.print(_told(one), highlight=False)
    errors = sum(one.level is Level.ERROR for one in findings)
    colour = "red" if errors else "green"
    counts = f"{errors} errors, {len(findings) - errors} warnings"
    console.print(f"[{colour}]{safe(folder)}: {counts}[/]")
    if errors:
        raise typer.Exit(1)


def _findings(folder: Path) -> tuple[Finding, ...]:
    try:
        facts = geography_facts(load_zones(folder))
    except Stop as stop:
        unusable = Finding(ZONES_FILE, "file", None, str(stop))
        return (unusable, *check(folder, None, adapter_names(), try_start))
    return check(folder, facts, adapter_names(), try_start)


def _told(finding: Finding) -> str:
    colour = "red" if finding.level is Level.ERROR else "yellow"
    value = "nothing" if finding.value is None else shown(finding.value)
    where = f"[bold]{safe(finding.file)}[/], {safe(finding.key)}"
    words = f"{safe(value)}\n  [{colour}]→[/] {safe(finding.remedy)}"
    return f"[{colour}]{finding.level.value}[/] {where}: {words}"
