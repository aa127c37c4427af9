"""Benchmarks run alone: beside other tests they would measure those."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bench_bus import Servers
from bench_records import Cases, make_cases
from bench_report import Report
from bench_sizes import SEED
from rich.console import Console
from servers.postgres import DatabaseServers
from servers.rabbitmq import RabbitServer, Vhost

from dispatch_bus.bootstrap import load_checked
from dispatch_bus.cli import private
from dispatch_bus.store.embedded import settings

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
    return make_cases(*load_checked(private.derive(None, folder)), SEED)


@pytest.fixture(scope="session")
def bus_servers(rabbit_server: RabbitServer) -> Iterator[Servers]:
    """What the buses are started over: a database that so many processes can connect to."""
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(DatabaseServers()) as databases,
    ):
        patch.setitem(settings._SETTINGS, "max_connections", "400")
        yield Servers(databases.get("pg18-wheel"), rabbit_server)


@pytest.fixture
def quorum_vhost(rabbit_server: RabbitServer) -> Iterator[Vhost]:
    """A virtual host in which every durable queue is a quorum queue."""
    rabbit_server.ctl("add_vhost", _VHOST, "--default-queue-type", "quorum")
    rabbit_server.make_vhost(_VHOST)
    yield Vhost(rabbit_server, _VHOST)
    rabbit_server.drop_vhost(_VHOST)
