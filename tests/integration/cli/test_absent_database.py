"""A process of the bus whose database is away."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dispatch_bus.cli.private import derive
from dispatch_bus.cli.process import COMMAND


@pytest.mark.parametrize("name", ["services", "gateway"])
def test_a_database_that_is_away_is_no_reason_to_give_up(tmp_path: Path, name: str) -> None:
    """The process ends in a way that has it started again, not in one that stops the bus."""
    config = derive(None, tmp_path)
    command = [*COMMAND, name, str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == os.EX_TEMPFAIL, ended.stderr
    assert "database does not run" in ended.stderr
