"""Runs scenarios of the messaging program, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

PROGRAM = Path(__file__).with_name("messaging_program.py")


@frozen
class Run:
    """What a scenario said, and the lines of its JSON log."""

    said: dict[str, Any]
    log: list[dict[str, Any]]


def run(scenario: str) -> Run:
    """Run a scenario to its end."""
    done = subprocess.run(command(scenario), capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stderr.decode().splitlines()
    return Run(json.loads(done.stdout), [json.loads(one) for one in lines if one.startswith("{")])


def command(scenario: str, *arguments: str) -> list[str]:
    """Return the command line of a scenario."""
    return [sys.executable, str(PROGRAM), scenario, *arguments]
