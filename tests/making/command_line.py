"""Asks the command line what it knows, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dispatch_bus.cli.deferred import Deferred
from dispatch_bus.cli.main import commands


def understood(words: list[str]) -> None:
    """Fail with the command line's own words on one that it does not know."""
    command: Any = commands
    while below := getattr(command, "commands", None):
        assert words[0] in below, f"{words[0]}: not one of {', '.join(below)}"
        command, words = loaded(below[words[0]]), words[1:]
    command.make_context(command.name, list(words))


def all_commands() -> list[tuple[str, Any]]:
    """Return every command that does something, with its full name."""
    return list(_below(commands, "dispatch-bus"))


def loaded(command: Any) -> Any:
    """Return the command itself where only its name is known yet."""
    return command.load() if isinstance(command, Deferred) else command


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
    for word, one in (inner or {}).items():
        yield from _below(loaded(one), f"{name} {word}")
