"""Starts the bus that is measured: every service in processes of its own, and its rooms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import bench_zones
from attrs import frozen
from bench_backlog import Backlog
from bench_load import Load
from bench_records import Cases
from bench_sizes import EACH, LATENCY_S, MOST, RATES, WARM_UP
from buses import lean_rooms
from buses.distributed import VHOST, DistributedBus, distributed_bus
from buses.service_process import ServiceProcess
from servers.postgres import DatabaseServer
from servers.rabbitmq import RabbitServer

from dispatch_bus.cli.serve import Service

_SHARED = (Service.INTAKE, Service.COORDINATOR, Service.DELIVERY)
# Enough for every measurement of one bus.
_STOCK = 5 * (WARM_UP + MOST) + 2 * sum(RATES) * LATENCY_S


@frozen
class Servers:
    """The PostgreSQL and the RabbitMQ that buses are started over, one at a time."""

    database: DatabaseServer
    broker: RabbitServer


@contextmanager
def loaded(
    servers: Servers,
    folder: Path,
    cases: Cases,
    *,
    each: int = EACH,
    zones: int = 0,
    of_none: int = 0,
) -> Iterator[Load]:
    """Run a bus and its rooms, whose first ``of_none`` records concern no neighbour.

    It has ``each`` processes of every service that shares its work, one of every other, and
    ``zones`` border zones instead of the real ones.
    """
    stock = folder / "stock"
    cases.stock(stock, of_concern=_STOCK, of_none=of_none)
    with (
        servers.database.empty_database() as url,
        distributed_bus(url, servers.broker, each=1) as bus,
        closing(Backlog(url)) as backlog,
        lean_rooms.running(bus.settings, stock) as rooms,
    ):
        if zones:
            bench_zones.cut(bus.config, zones)
        bus.start()
        with _more(bus, each) as more:
            pids = [one.pid for one in (*bus.processes(), *more)]
            others = [servers.database.running.pid, servers.broker.pid, rooms.pid]
            yield Load(bus.bus, url, rooms, backlog, [*pids, *others])
        bus.bus.store.close()
    servers.broker.drop_vhost(VHOST)


@contextmanager
def _more(bus: DistributedBus, each: int) -> Iterator[list[ServiceProcess]]:
    """Run as many more processes as ``each`` asks for beside the first of each service."""
    more = [bus.process(service, number) for number in range(2, each + 1) for service in _SHARED]
    try:
        for one in more:
            one.launch()
        for one in more:
            one.wait()
        yield more
    finally:
        for one in more:
            one.close()
