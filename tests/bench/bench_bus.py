"""Starts the bus that is measured, over a database and a broker of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import bench_rooms
import bench_zones
from bench_backlog import Backlog
from bench_load import Load
from bench_records import Cases
from bench_sizes import EACH, LATENCY_S, MOST, RATES, WARM_UP
from buses.private import private_bus

from dispatch_bus.bootstrap import database_url

# Enough for every measurement of one bus.
_STOCK = 5 * (WARM_UP + MOST) + 2 * sum(RATES) * LATENCY_S


@contextmanager
def loaded(
    folder: Path, cases: Cases, *, each: int = EACH, zones: int = 0, of_none: int = 0
) -> Iterator[Load]:
    """Run a bus and its rooms, whose first ``of_none`` records concern no neighbour.

    It has ``each`` processes of every service that shares its work, and ``zones`` border zones
    instead of the real ones.
    """
    stock = folder / "stock"
    cases.stock(stock, of_concern=_STOCK, of_none=of_none)
    with private_bus() as private:
        if zones:
            bench_zones.cut(private.config, zones)
        private.start()
        assert private.process is not None
        url = database_url(private.settings.bus)
        with (
            bench_rooms.running(private.settings, stock) as rooms,
            closing(Backlog(url)) as backlog,
        ):
            yield Load(private.bus, url, rooms, backlog, [private.process.pid, rooms.pid])
