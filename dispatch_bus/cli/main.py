"""The ``dispatch-bus`` command and what it can do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dispatch_bus.bootstrap import database_url, load_checked, make_keys
from dispatch_bus.cli import (
    backup,
    broker,
    config,
    demo,
    doctor,
    journal,
    live,
    quarantine,
    serve,
    zones,
)
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.domain.errors import DispatchBusError
from dispatch_bus.observability import logs
from dispatch_bus.store.migrating import migrate as migrate_database

_commands = typer.Typer(
    help="The joint control-room dispatch bus of the border regions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_commands.command()(serve.serve)
_commands.add_typer(backup.commands)
_commands.add_typer(broker.commands, name="broker")
_commands.add_typer(config.commands, name="config")
_commands.add_typer(journal.commands, name="journal")
_commands.add_typer(quarantine.commands, name="quarantine")
_commands.add_typer(zones.commands, name="zones")


@_commands.command()
def up(configuration: ConfigOption = None) -> None:
    """Run the bus and its gateway on this machine until Ctrl-C."""
    settings, loaded = load_checked(configuration)
    live.run(settings, loaded)


@_commands.command()
def run(
    configuration: ConfigOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated incidents.")] = 7,
    rate: Annotated[float, typer.Option(help="New cases per second and room.")] = 0.5,
) -> None:
    """Run the bus with five simulated control rooms and show what happens, until Ctrl-C."""
    settings, loaded = load_checked(configuration)
    live.run(settings, loaded, simulation=live.Simulation(seed=seed, rate_per_s=rate))


@_commands.command(name="demo")
def run_demo(
    configuration: ConfigOption = None,
    length_s: Annotated[int, typer.Option("--for", min=5, help="Seconds of incidents.")] = 30,
    seed: Annotated[int, typer.Option(help="Seed of the simulated incidents.")] = 7,
    rate: Annotated[float, typer.Option(help="New cases per second and room.")] = 2.0,
    report: Annotated[Path, typer.Option(help="Where to write the report.")] = Path(
        "demo-report.json"
    ),
) -> None:
    """Run the bus and the rooms for a while, then report; fails if anything is lost or doubled."""
    plan = demo.Plan(length_s=length_s, seed=seed, rate_per_s=rate, report=report)
    if not demo.run(configuration, plan):
        raise typer.Exit(1)


_commands.command()(doctor.doctor)


@_commands.command()
def migrate(configuration: ConfigOption = None) -> None:
    """Bring the database's schema up to date; a new one's bus gets its keys."""
    settings, _ = load_checked(configuration)
    migrate_database(database_url(settings.bus))
    make_keys(settings.bus)


def app() -> None:
    """Run the command; an error that was raised on purpose is shown as one message."""
    # What a command answers goes to standard output; the log stays out of it.
    logs.configure("console", "warning")
    try:
        _commands()
    except DispatchBusError as error:
        Console(stderr=True).print(f"[bold red]{escape(str(error))}[/]", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    app()
