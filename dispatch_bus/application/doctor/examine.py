"""Looks at the bus through its store."""

from __future__ import annotations

from collections.abc import Iterator

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.doctor import database, processes, rooms, work
from dispatch_bus.application.doctor.finding import Finding
from dispatch_bus.application.standing import standing


def examine(bus: Bus) -> list[Finding]:
    """Look at the database, the processes, the stages of the work and the rooms.

    Raises:
        Retry: the database cannot be reached.
    """
    return list(_findings(bus))


def _findings(bus: Bus) -> Iterator[Finding]:
    stands = standing(bus)
    with bus.store.begin() as uow:
        yield from database.findings(uow.inspection.server(), uow.now)
        yield from processes.findings(uow.processes.all(), uow.now)
        yield from work.leases(uow.inspection.leases(), uow.now)
        yield from work.findings(stands, uow.inspection.server().stuck, bus.limits.backlog)
        yield from rooms.findings(stands.rooms, uow.now)
        yield from rooms.outside(uow.rooms.all(), bus.outside)
