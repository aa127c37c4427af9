"""How fast the distributed bus is, beside what it can be compared with.

Read docs/benchmarks.md before you quote a figure.
"""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import bench_bus
import bench_plain
import pytest
from bench_bus import Servers
from bench_floors import confirmed_publishes, floor_of, fsync_ms, plain_inserts
from bench_records import Cases
from bench_report import Report
from bench_sizes import EACH, LATENCY_S, RATES, WARM_UP, worth_measuring
from servers.rabbitmq import Vhost

pytestmark = pytest.mark.timeout(3_600)
_BATCH = 200


def test_the_plain_pipeline(
    report: Report, cases: Cases, empty_database_url: str, quorum_vhost: Vhost, tmp_path: Path
) -> None:
    """Every event goes through all three handlers; its figures are what the bus is held against."""
    bodies = cycle([case.body for case in cases.of_concern])
    with bench_plain.running(empty_database_url, quorum_vhost, tmp_path, EACH) as plain:
        first = plain.throughput("first", list(islice(bodies, WARM_UP)))
        for rate in RATES:
            events = list(islice(bodies, rate * LATENCY_S))
            report.plain_latency[rate] = plain.latency(events, rate)
        count = worth_measuring(first.incidents_per_s)
        report.plain = plain.throughput("all", list(islice(bodies, count)))
    assert report.plain.incidents == count


def test_the_distributed_bus(
    report: Report, cases: Cases, bus_servers: Servers, quorum_vhost: Vhost, tmp_path: Path
) -> None:
    """Every incident is stored, decided, delivered once and sealed; floors take the same rows."""
    with bench_bus.loaded(bus_servers, tmp_path, cases) as load:
        report.bus = load.sized_throughput()
        for rate in RATES:
            report.latency[rate] = load.latency(rate)
        load.assert_balanced()
        publishes = confirmed_publishes(load.url, quorum_vhost.login_url, _BATCH)
        report.floors["batched publishes of its rows"] = floor_of(load.url, publishes)
        inserts = plain_inserts(load.url, _BATCH)
        report.floors["batched commits of its rows"] = floor_of(load.url, inserts)
    report.fsync_ms = round(fsync_ms(tmp_path), 3)
