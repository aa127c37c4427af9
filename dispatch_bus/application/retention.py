"""Ends the retention of personal data by destroying the keys of past days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import structlog

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
_APART = timedelta(hours=1)


def erase_ended(bus: Bus, now: datetime) -> int:
    """Destroy the key of every day past its retention; return how many there were.

    A day has ended when the database's clock and this process's own, which says ``now``, agree on
    that: no key comes back, and one wrong clock would take them all.

    The journal says so first: what a crash leaves undone is found and done by the next run, while
    an erasure that no entry tells of could never be told from a loss.
    """
    with bus.store.begin() as uow:
        _compare(uow.now, now)
        last_kept = min(uow.now, now).date() - timedelta(days=bus.limits.personal_days)
        ended = [day for day in bus.store.keys.days() if day < last_kept]
        note_erased(uow, ended)
    for day in ended:
        bus.store.keys.erase(day)
    return len(ended)


def _compare(database: datetime, ours: datetime) -> None:
    if abs(database - ours) > _APART:
        _log.error(
            "a clock is wrong: no key is destroyed before both clocks say so",
            database=database.isoformat(),
            here=ours.isoformat(),
            remedy="Set the clock of the database's machine or of this one right.",
        )


def note_erased(uow: UnitOfWork, days: Iterable[date]) -> None:
    """Journal the erasure of each day once, however often this is called."""
    for day in days:
        if uow.erasures.first_time(day, uow.now):
            happening = Happening(EntryKind.DAY_ERASED, {"day": day.isoformat()})
            uow.journal.append(uow.now, About(correlation="retention"), happening)
