"""How the bus stands as a whole: what waits at each stage, and how the rooms are doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.leasing import SEALING
from dispatch_bus.application.rooms import RoomView, views
from dispatch_bus.store.unit import UnitOfWork

MOST_HANDOFFS = 1_000
_MOST_UNDECIDED = 10_000


@frozen(kw_only=True)
class Stage:
    """What waits at one stage; ``oldest_s`` is how long the oldest has waited, in seconds.

    A count ends where it says enough: 10,000 incidents, 10,000 tellings of each room, 100,000
    journal entries.
    """

    name: str
    waiting: int
    oldest_s: float


@frozen(kw_only=True)
class Standing:
    """The bus at the instant ``at`` by the database's clock.

    ``handoffs`` are those whose part may still move, counted up to 1,000. ``connections`` are the
    database server's, of which it can have ``connections_limit``.
    """

    at: datetime
    stages: tuple[Stage, ...]
    rooms: tuple[RoomView, ...]
    handoffs: int
    quarantine: dict[str, int]
    sealer: bool
    entries: int
    connections: int
    connections_limit: int


def standing(bus: Bus) -> Standing:
    """Look at every stage, every room, the journal and the quarantine.

    Raises:
        Retry: the database cannot be reached.
    """
    with bus.store.begin() as uow:
        connections, limit = uow.stages.connections()
        rooms = views(bus, uow)
        return Standing(
            at=uow.now,
            stages=tuple(_stages(bus, uow, rooms)),
            rooms=rooms,
            handoffs=len(uow.notices.pending_handoffs(MOST_HANDOFFS)),
            quarantine=uow.quarantine.counts(),
            sealer=SEALING in uow.signals.held(uow.now),
            entries=uow.journal.size(),
            connections=connections,
            connections_limit=limit,
        )


def _stages(bus: Bus, uow: UnitOfWork, rooms: Iterable[RoomView]) -> Iterator[Stage]:
    most = max(_MOST_UNDECIDED, bus.limits.backlog)
    yield _stage(uow, "decide", *uow.incidents.backlog(most))
    told = [one.undelivered_since for one in rooms if one.undelivered_since]
    yield _stage(uow, "deliver", sum(one.undelivered for one in rooms), min(told, default=None))
    yield _stage(uow, "seal", uow.journal.waiting(), uow.stages.unsealed_since())


def _stage(uow: UnitOfWork, name: str, waiting: int, oldest: datetime | None) -> Stage:
    # What comes up while this is asked is younger than the instant of the transaction.
    oldest_s = max(0.0, (uow.now - oldest).total_seconds()) if oldest else 0.0
    return Stage(name=name, waiting=waiting, oldest_s=oldest_s)
