"""Ends the retention of personal data by destroying the keys of past days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork


def erase_ended(bus: Bus) -> int:
    """Destroy the key of every day past its retention; return how many there were.

    The journal says so first: what a crash leaves undone is found and done by the next run, while
    an erasure that no entry tells of could never be told from a loss.
    """
    with bus.store.begin() as uow:
        last_kept = uow.now.date() - timedelta(days=bus.limits.personal_days)
        ended = [day for day in bus.store.keys.days() if day < last_kept]
        note_erased(uow, ended)
    for day in ended:
        bus.store.keys.erase(day)
    return len(ended)


def note_erased(uow: UnitOfWork, days: Iterable[date]) -> None:
    """Journal the erasure of each day once, however often this is called."""
    for day in days:
        if uow.erasures.first_time(day, uow.now):
            happening = Happening(EntryKind.DAY_ERASED, {"day": day.isoformat()})
            uow.journal.append(uow.now, About(correlation="retention"), happening)
