"""``dispatch-bus journal``: read and verify what happened."""

from __future__ import annotations

import time
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from dispatch_bus.application.board import history
from dispatch_bus.application.feed import before_newest, look
from dispatch_bus.bootstrap import load_checked, open_bus
from dispatch_bus.cli import evidence
from dispatch_bus.cli.lines import line
from dispatch_bus.cli.options import ConfigOption

commands = typer.Typer(help="Read and verify the journal.", no_args_is_help=True)
commands.add_typer(evidence.commands)
_LOOK_EVERY_S = 0.5
_PAGE = 1_000


@commands.command(name="tail")
def follow(
    configuration: ConfigOption = None,
    number: Annotated[int, typer.Option("-n", min=0, help="Entries to begin with.")] = 20,
    keep_on: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print the newest entries."""
    bus = open_bus(*load_checked(configuration), "cli")
    console = Console()
    last = before_newest(bus, number)
    while True:
        entries = look(bus, last, _PAGE).entries
        for one in entries:
            console.print(line(one), highlight=False, soft_wrap=True)
            last = one.number
        if not entries and not keep_on:
            return
        time.sleep(0 if entries else _LOOK_EVERY_S)


@commands.command()
def show(incident: UUID, configuration: ConfigOption = None) -> None:
    """Print everything that happened to an incident, without personal fields."""
    bus = open_bus(*load_checked(configuration), "cli")
    console = Console()
    last = 0
    while entries := history(bus, incident, last, _PAGE):
        for one in entries:
            console.print(line(one), highlight=False, soft_wrap=True)
            console.print_json(data=dict(one.entry.facts), indent=None)
        last = entries[-1].number
