"""Processes that stand still for a while, and wake even when who froze them is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

# A process that outlives us: whatever stays frozen would hang whoever tries to stop it.
_WAKE = """
import os, signal, sys, time
time.sleep(float(sys.argv[1]))
for pid in map(int, sys.argv[2:]):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass
"""


class Frozen:
    """Processes that stand still from now on, for ``for_s`` seconds at the most."""

    def __init__(self, pids: Iterable[int], *, for_s: float) -> None:
        self.pids = list(pids)
        words = [sys.executable, "-c", _WAKE, str(for_s), *map(str, self.pids)]
        self._watchdog = subprocess.Popen(words, start_new_session=True)
        _signal_all(self.pids, signal.SIGSTOP)

    def wait(self) -> None:
        """Wait until the time is over and they run again."""
        self._watchdog.wait()

    def thaw(self) -> None:
        """Have them run again now."""
        _signal_all(self.pids, signal.SIGCONT)
        self._watchdog.kill()
        self._watchdog.wait()


def _signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
