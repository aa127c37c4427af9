"""Waiting for what happens in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(question: Callable[[], T | None], what: str, patience_s: float = 60.0) -> T:
    """Ask until the answer is true, and return it; fail naming ``what`` never happened."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never happened within {patience_s:g} s: {what}")
