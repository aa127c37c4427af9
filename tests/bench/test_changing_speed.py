"""How the speed of the bus changes with its processes, with zones, and with what it has stored."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import bench_bus
import pytest
from bench_bus import Servers
from bench_history import History
from bench_load import Load
from bench_records import Cases
from bench_report import Changed, Report
from bench_sizes import (
    CHANGING_RATE,
    HISTORY,
    ORIGINALS_OF_CONCERN,
    ORIGINALS_OF_NONE,
    PROCESSES,
    ZONES,
)

pytestmark = pytest.mark.timeout(7_200)


def measured(load: Load, what: str, to: int, remark: str = "") -> Changed:
    """Measure a bus whose circumstances have been changed."""
    return Changed(what, to, load.sized_throughput(), load.latency(CHANGING_RATE), remark)


@pytest.mark.parametrize("each", PROCESSES)
def test_more_processes(
    report: Report, cases: Cases, bus_servers: Servers, tmp_path: Path, each: int
) -> None:
    """However many processes share the work, all of it is done."""
    with bench_bus.loaded(bus_servers, tmp_path, cases, each=each) as load:
        report.changed.append(measured(load, "processes of each service", each))
        load.assert_balanced()


@pytest.mark.parametrize("zones", ZONES)
def test_more_zones(
    report: Report, cases: Cases, bus_servers: Servers, tmp_path: Path, zones: int
) -> None:
    """However fine the zones are, all incidents find theirs."""
    with bench_bus.loaded(bus_servers, tmp_path, cases, zones=zones) as load:
        report.changed.append(measured(load, "zones", zones))
        load.assert_balanced()


def test_more_history(report: Report, cases: Cases, bus_servers: Servers, tmp_path: Path) -> None:
    """However many incidents are stored, further ones go all the way."""
    with bench_bus.loaded(bus_servers, tmp_path, cases, of_none=ORIGINALS_OF_NONE) as load:
        load.throughput(ORIGINALS_OF_NONE + ORIGINALS_OF_CONCERN)
        with closing(History(load.url)) as history:
            for wanted in HISTORY:
                stored = history.grow(wanted)
                remark = f"{history.megabytes():,} MB"
                report.changed.append(measured(load, "incidents stored", stored, remark))
    assert stored >= max(HISTORY)
