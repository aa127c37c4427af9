"""Leases: who reads a room and who seals, on the database's clock.

They are short, so that a holder that dies or freezes is replaced within seconds, and renewed while
their holder works. Rooms are shared out among the processes that read. What a holder that lost a
lease still does is refused by what it works on: a room's cursor, an entry's number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from dispatch_bus.application.bus import Bus

_log = structlog.get_logger(__name__)
SEALING: Final = "seal"
"""The lease of whoever seals the journal."""


def reading(room: str) -> str:
    """Return the name of the lease that whoever reads a room renews with each pull."""
    return f"pull/{room}"


def renew(bus: Bus) -> int:
    """Prolong what this process holds, and take nothing that has run out; return 0.

    Raises:
        Retry: the database did not answer.
    """
    with bus.store.begin() as uow:
        uow.signals.renew(bus.holder, uow.now, timedelta(seconds=bus.limits.lease_s))
    return 0


def share(bus: Bus, rooms: Iterable[str]) -> int:
    """Take over a room from the process that reads most, if it reads two more; return how many.

    One at a time, and only by a process that has a way to the room and is alive to ask for it: so
    processes that start together, or come back, end with as many rooms each as can be.

    Raises:
        Retry: the database did not answer.
    """
    names = [reading(room) for room in rooms]
    with bus.store.begin() as uow:
        taken = uow.signals.share(names, bus.holder, uow.now, timedelta(seconds=bus.limits.lease_s))
    if taken is None:
        return 0
    _log.info("a room is taken over from the process that read most", lease=taken)
    return 1


def release(bus: Bus) -> None:
    """Give back what this process holds, so that the next one need not wait for its end.

    Raises:
        Retry: the database did not answer; the leases run out by themselves.
    """
    with bus.store.begin() as uow:
        uow.signals.release(bus.holder)
