"""The demonstration, as ``make demo`` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from buses.private import COMMAND

from dispatch_bus.cli import private


def demonstrate(folder: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run a demonstration of 8 s without a terminal; return how it ended and its report."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [str(COMMAND), "demo", "--for", "8", "--seed", "7", "--report", str(report)]
    ended = subprocess.run(
        [*command, "--config", str(folder / "config")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120"},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended, json.loads(report.read_text())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a configuration whose data folder is beside it."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as name:
        Path(name).chmod(0o711)
        private.derive(None, Path(name))
        yield Path(name)


@pytest.fixture(scope="module")
def demonstrated(folder: Path) -> tuple[str, dict[str, Any]]:
    """What the first demonstration printed, and its report."""
    ended, report = demonstrate(folder)
    return ended.stdout, report


def test_the_report_has_every_figure(demonstrated: tuple[str, dict[str, Any]]) -> None:
    """Its keys are there, with counts that are counts and percentiles in order."""
    _, report = demonstrated
    for counts in ("pulled", "mirrors", "handoffs"):
        assert report[counts], counts
        assert all(isinstance(it, int) and it > 0 for it in report[counts].values())
    latency = report["latency_ms"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
    assert report["quarantined"] >= 0
    assert report["journal"]["entries"] > sum(report["pulled"].values())
    assert report["journal"]["verified"] is True


def test_nothing_is_lost_or_doubled(demonstrated: tuple[str, dict[str, Any]]) -> None:
    """What the rooms sent and received is what the store holds, though one room was down."""
    _, report = demonstrated
    assert report["lost"] == report["duplicated"] == report["undelivered"] == 0


def test_the_summary_is_printed(demonstrated: tuple[str, dict[str, Any]]) -> None:
    """Without a terminal there is a progress bar and a table with the figures."""
    printed, report = demonstrated
    assert "100 %" in printed
    assert f"{report['journal']['entries']} entries, verified" in printed


def test_a_second_demonstration_begins_anew(
    demonstrated: tuple[str, dict[str, Any]], folder: Path
) -> None:
    """In the same data folder it counts its own incidents, not those of the first."""
    _, report = demonstrate(folder)
    assert report["mirrors"]
    assert report["lost"] == report["duplicated"] == 0
    assert set(report["pulled"]) & set(demonstrated[1]["pulled"])
