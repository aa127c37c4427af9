"""The list of commands: what it says, and how little it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dispatch_bus.cli.deferred import Deferred
from dispatch_bus.cli.main import commands

DEFERRED = [one for one in commands.commands.values() if isinstance(one, Deferred)]


@pytest.mark.parametrize("command", DEFERRED, ids=lambda one: one.name)
def test_the_list_says_what_the_command_says(command: Deferred) -> None:
    """A command's line in the list is the first paragraph of its own help."""
    first, *_ = command.load().help.split("\n\n")
    assert command.help == " ".join(first.split())


@pytest.mark.parametrize(
    ("module", "needless"),
    [
        ("main", {"pydantic", "rich", "sqlalchemy", "structlog"}),
        ("services", {"alembic", "fastapi", "httpx", "typer"}),
        ("gateway", {"alembic", "eventlet", "kombu", "typer"}),
    ],
)
def test_what_a_process_does_not_need_is_not_loaded(module: str, needless: set[str]) -> None:
    """The command line starts without the bus, a service without what others need."""
    shown = f"import sys, dispatch_bus.cli.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, check=True, text=True)
    assert needless & set(done.stdout.split()) == set()
