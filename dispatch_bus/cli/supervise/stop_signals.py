"""The signals that ask this program to end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Collect SIGINT, SIGTERM and SIGHUP; give a function that tells whether one has come.

    For the main thread alone. SIGHUP (the terminal was closed) stays ignored under nohup(1).
    """
    received: list[int] = []

    def take_note(number: int, _: FrameType | None) -> None:
        received.append(number)

    heeded = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heeded.append(signal.SIGHUP)
    before = {number: signal.signal(number, take_note) for number in heeded}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
