"""The clock that a test steps under a process that runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.stepped_clock import SteppedClock
from servers.waiting import wait_for

# For each line that it reads: how far its wall clock is from a real one that it is told, and its
# monotonic clock.
_PROGRAM = """
import sys, time
from datetime import datetime, UTC
for line in sys.stdin:
    print(datetime.now(UTC).timestamp() - float(line), time.monotonic(), flush=True)
"""


@contextmanager
def running(clock: SteppedClock) -> Iterator[subprocess.Popen[str]]:
    """Run the program under a clock."""
    words = [sys.executable, "-c", _PROGRAM]
    env = {**os.environ, **clock.environment}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as program:
        yield program
        program.kill()


def wrong_s(program: subprocess.Popen[str]) -> tuple[float, float]:
    """Return by how much its wall clock is wrong, and its monotonic clock, in seconds."""
    assert program.stdin
    assert program.stdout
    print(time.time(), file=program.stdin, flush=True)
    wall, monotonic = program.stdout.readline().split()
    return float(wall), float(monotonic)


def test_only_the_wall_clock_steps_and_while_the_process_runs(tmp_path: Path) -> None:
    """It is an hour ahead, then an hour behind, and what is measured in between goes on."""
    clock = SteppedClock(tmp_path / "clock")
    with running(clock) as program:
        assert abs(wrong_s(program)[0]) < 60
        _, before = wrong_s(program)
        for offset in (3_600.0, -3_600.0):
            clock.step(offset)
            wait_for(lambda: abs(wrong_s(program)[0] - offset) < 60, "the clock steps")  # noqa: B023
        assert 0 < wrong_s(program)[1] - before < 600
