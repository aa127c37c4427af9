"""Asks the command line whether it would take a command, without running it."""

from __future__ import annotations

from typing import Any

import typer

from dispatch_bus.cli import main


def understood(words: list[str]) -> None:
    """Fail with the command line's own words on one that it does not know."""
    command: Any = typer.main.get_command(main._commands)
    while below := getattr(command, "commands", None):
        assert words[0] in below, f"{words[0]}: not one of {', '.join(below)}"
        command, words = below[words[0]], words[1:]
    command.make_context(command.name, list(words))
