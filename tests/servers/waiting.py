"""Waiting for what happens in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

T = TypeVar("T")


def wait_for(question: Callable[[], T | None], what: str, patience_s: float = 60.0) -> T:
    """Ask until the answer is true, and return it; fail naming ``what`` never happened."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never happened within {patience_s:g} s: {what}")


def is_running(pid: int) -> bool:
    """Tell whether process ``pid`` lives; one that ended and awaits its parent does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pid: int) -> None:
    """Wait for the end of process ``pid``, whoever is its parent."""
    wait_for(lambda: not is_running(pid), f"the end of process {pid}")
