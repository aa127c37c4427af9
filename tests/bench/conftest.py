"""Benchmarks run alone: beside other tests they would measure those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_bus import Servers
from bench_records import Cases, make_cases
from bench_report import Report
from bench_sizes import SEED
from rich.console import Console
from servers.postgres import DatabaseServer
from servers.rabbitmq import RabbitServer, Vhost

from dispatch_bus.bootstrap import load_checked
from dispatch_bus.cli import private

_VHOST = "bench"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave benchmarks out of a run that may be spread over processes; ``make bench`` is not."""
    is_benchmark = collection_path.name.startswith("test_")
    return True if is_benchmark and config.pluginmanager.hasplugin("xdist") else None


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """What every benchmark adds its figures to; written and shown at the end."""
    made = Report()
    yield made
    made.write()
    made.show(Console())


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """The cases that all benchmarks send."""
    folder = tmp_path_factory.mktemp("cases")
    settings, zones = load_checked(private.derive(None, folder))
    return make_cases(settings, zones, SEED)


@pytest.fixture(scope="session")
def bus_servers(postgres_server: DatabaseServer, rabbit_server: RabbitServer) -> Servers:
    """What the buses are started over."""
    return Servers(postgres_server, rabbit_server)


@pytest.fixture
def quorum_vhost(rabbit_server: RabbitServer) -> Iterator[Vhost]:
    """A virtual host in which every durable queue is a quorum queue."""
    rabbit_server.ctl("add_vhost", _VHOST, "--default-queue-type", "quorum")
    rabbit_server.make_vhost(_VHOST)
    yield Vhost(rabbit_server, _VHOST)
    rabbit_server.drop_vhost(_VHOST)
