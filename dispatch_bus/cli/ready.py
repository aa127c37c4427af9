"""How a process says that it does its work, or that it cannot."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import structlog

from dispatch_bus.domain.errors import NotNow, Retry, Stop


def ready_file(data: Path, name: str) -> Path:
    """Return the file that the process called ``name`` writes its number to."""
    return data / "run" / f"{name}.pid"


def say_ready(file: Path | None) -> None:
    """Say that this process does its work: in the log, to systemd, and in a file that is asked for.

    The file then holds this process's number; it is written whole or not at all.
    """
    structlog.get_logger(__name__).info("ready")
    _notify()
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(str(os.getpid()))
        draft.replace(file)


def _notify() -> None:
    """Tell systemd, where that has started this process (sd_notify(3))."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            # A leading @ stands for the zero byte of an abstract address.
            to.sendto(b"READY=1", address.replace("@", "\0", 1))


def status_of(work: Callable[[], None]) -> int:
    """Do a process's work; return its exit status: 78 where an operator has to act first.

    A database that is away (it may be recovering), or a folder that another process has, is no
    such case: 75, and the next start may find it otherwise.
    """
    try:
        work()
    except (NotNow, Retry) as absence:
        structlog.get_logger(__name__).error(str(absence))
        return os.EX_TEMPFAIL
    except Stop as stop:
        structlog.get_logger(__name__).critical(str(stop))
        return os.EX_CONFIG
    return 0
