"""A wall clock that a test steps forwards and backwards under a process that runs.

libfaketime stands between the process and the C library: only ``CLOCK_REALTIME`` steps, as it
does when somebody sets the time of a machine; what is measured in between goes on.
"""

from __future__ import annotations

from pathlib import Path

from servers.packages import CACHE, fetched

_EVERY_S = 1


class SteppedClock:
    """The clock of the processes that start with ``environment``; ``file`` says how wrong it is."""

    def __init__(self, file: Path, cache: Path = CACHE) -> None:
        root = fetched("libfaketime", cache)
        (self._library,) = root.glob("usr/lib/*/faketime/libfaketimeMT.so.1")
        self._file = file
        self.step(0.0)

    @property
    def environment(self) -> dict[str, str]:
        """What a process has to be started with."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": str(_EVERY_S),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def step(self, offset_s: float) -> None:
        """Have it be wrong by so much from now on: within a second the process sees it."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset_s:+.3f}\n")
        fresh.replace(self._file)
