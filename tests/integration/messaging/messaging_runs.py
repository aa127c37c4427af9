"""Runs scenarios of the messaging program, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

PROGRAM = Path(__file__).with_name("messaging_program.py")


@frozen
class Run:
    """What a scenario said, and the lines of its JSON log."""

    said: dict[str, Any]
    log: list[dict[str, Any]]


def run(scenario: str, **broker: Any) -> Run:
    """Run a scenario to its end, over the broker in memory or the one that is told."""
    done = subprocess.run(
        _command(scenario), capture_output=True, check=False, timeout=120, env=_environment(broker)
    )
    assert done.returncode == 0, done.stderr.decode()
    return Run(json.loads(done.stdout), _lines(done.stderr.decode()))


@frozen
class Running:
    """A scenario that runs until it is let go."""

    process: subprocess.Popen[bytes]
    _log: Path

    def says(self) -> dict[str, Any]:
        """Wait for its next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self._log.read_text()
        said: dict[str, Any] = json.loads(line)
        return said

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of its JSON log so far."""
        return _lines(self._log.read_text())


@contextmanager
def running(scenario: str, *arguments: str, log: Path, **broker: Any) -> Iterator[Running]:
    """Run a scenario, and let it go at the end."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            _command(scenario, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(broker),
        )
        with process:
            yield Running(process, log)


def _command(scenario: str, *arguments: str) -> list[str]:
    return [sys.executable, str(PROGRAM), scenario, *arguments]


def _environment(broker: dict[str, Any]) -> dict[str, str]:
    return {**os.environ, "BROKER": json.dumps(broker)}


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in text.splitlines() if one.startswith("{")]
