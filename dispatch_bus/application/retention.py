"""Ends the retention of personal data by destroying the keys of past days."""

from __future__ import annotations

from datetime import timedelta

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.store.journal import About


def erase_ended(bus: Bus) -> int:
    """Destroy the key of every day past its retention; return how many there were."""
    with bus.store.begin() as uow:
        last_kept = uow.now.date() - timedelta(days=bus.limits.personal_days)
        ended = [day for day in bus.store.keys.days() if day < last_kept]
        for day in ended:
            bus.store.keys.erase(day)
            happening = Happening(EntryKind.DAY_ERASED, {"day": day.isoformat()})
            uow.journal.append(uow.now, About(correlation="retention"), happening)
        return len(ended)
