"""Commands whose module is loaded when they are asked for, so that each one starts fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from dispatch_bus.cli.loading import load


class Deferred(TyperCommand):
    """A command, or a group of them, that stands as ``where`` ("module:name") in this package.

    Its name and its help are stated here, so that a list of commands loads none of them.
    """

    def __init__(self, name: str, where: str, short_help: str) -> None:
        super().__init__(name, help=short_help)
        self._where = where

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Begin the command itself."""
        # What a command answers goes to standard output; the log stays out of it. Its library
        # takes as long to load as all that a list of commands needs.
        from dispatch_bus.observability import logs  # noqa: PLC0415

        logs.configure("console", "warning")
        return self.load().make_context(*args, **kwargs)

    def load(self) -> Any:
        """Return the command itself."""
        module, _, attribute = self._where.partition(":")
        return built(str(self.name), getattr(load(module), attribute))


def built(name: str, what: typer.Typer | Callable[..., None]) -> Any:
    """Return the command, or the group of them, that ``what`` describes."""
    around = typer.Typer(add_completion=False)
    if isinstance(what, typer.Typer):
        around.add_typer(what, name=name)
    else:
        around.command(name)(what)
    return typer.main.get_group(around).commands[name]
