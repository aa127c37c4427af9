"""How a child process says that it does its work, or that it cannot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import structlog

from dispatch_bus.bootstrap import NotRunning
from dispatch_bus.domain.errors import Retry, Stop


def ready_file(data: Path, name: str) -> Path:
    """Return the file that the process called ``name`` writes its number to."""
    return data / "run" / f"{name}.pid"


def say_ready(data: Path, name: str) -> None:
    """Write this process's number, whole or not at all."""
    path = ready_file(data, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(str(os.getpid()))
    draft.replace(path)


def status_of(work: Callable[[], None]) -> int:
    """Do a process's work; return its exit status: 78 where an operator has to act first.

    A database that is away (it may be recovering) is no such case: 75, and the next start may
    find it.
    """
    try:
        work()
    except (NotRunning, Retry) as absence:
        structlog.get_logger(__name__).error(str(absence))
        return os.EX_TEMPFAIL
    except Stop as stop:
        structlog.get_logger(__name__).critical(str(stop))
        return os.EX_CONFIG
    return 0
