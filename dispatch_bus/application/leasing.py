"""Leases: who reads a room and who seals, on the database's clock.

They are short, so that a holder that dies or freezes is replaced within seconds, and renewed while
their holder works. Rooms are shared out among the processes that read: who has fewer asks, and who
has more hands over when it has ended its adapter. What a holder that lost a lease still does is
refused by what it works on: a room's cursor, an entry's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

import structlog

from dispatch_bus.application.bus import Bus, Gate
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.store.signals import Held

_AFTER_FAILED_CHECK_S = 60.0
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
        uow.signals.renew(bus.holder, uow.now, bus.limits.lease)
    return 0


def release(bus: Bus) -> None:
    """Give back what this process holds, so that the next one need not wait for its end.

    Raises:
        Retry: the database did not answer; the leases run out by themselves.
    """
    with bus.store.begin() as uow:
        uow.signals.release(bus.holder)


def share(bus: Bus, rooms: Iterable[str], gate: Callable[[str], Gate]) -> int:
    """Ask for a room of a process that reads two more; return for how many.

    First of whoever has most, one at a time, and only for one that answers this process too: it is
    about to be read from here alone. So processes that start together, or come back, end with as
    many rooms each as can be.

    Raises:
        Retry: the database did not answer, or none of the rooms does from here.
    """
    spare = _surplus(bus, [reading(room) for room in rooms])
    if any(_want(bus, one) for one in spare if one.wanted_by == bus.holder):
        return 0
    failures = []
    for one in spare:
        try:
            gate(_room(one)).check(deadline_s=bus.limits.pull_deadline_s)
        except (Retry, Refused) as reason:
            failures.append(reason)
            continue
        if _want(bus, one):
            _log.info("a room is asked for", room=_room(one))
            return 1
    if failures:
        what = f"Rooms that another process reads are not taken over: {failures[0]}"
        raise Retry(what, _AFTER_FAILED_CHECK_S)
    return 0


def hand_over(bus: Bus, held: Held) -> None:
    """Give a room to the process that wants it; this one's adapter has ended.

    Raises:
        Retry: the database did not answer.
    """
    with bus.store.begin() as uow:
        uow.signals.hand_over(held, bus.holder, uow.now, bus.limits.lease)
    _log.info("a room is handed over", room=_room(held), to=held.wanted_by)


def _surplus(bus: Bus, names: list[str]) -> list[Held]:
    with bus.store.begin() as uow:
        since = uow.now - timedelta(seconds=bus.limits.share_after_s)
        return uow.signals.surplus(names, bus.holder, uow.now, since)


def _want(bus: Bus, held: Held) -> bool:
    with bus.store.begin() as uow:
        return uow.signals.want(held.name, bus.holder, uow.now, bus.limits.lease)


def _room(held: Held) -> str:
    return held.name.removeprefix(reading(""))
