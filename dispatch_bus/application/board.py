"""What stands on the bus, for whoever watches it: read only, and without personal fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import Told, told
from dispatch_bus.domain.notice import Notice
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.incidents import unknown
from dispatch_bus.store.notices import NoticeFilter
from dispatch_bus.store.paging import Mark
from dispatch_bus.store.quarantine import Quarantined, QuarantineState

T = TypeVar("T")


@frozen(kw_only=True)
class Page(Generic[T]):
    """Part of a list as it was at the instant ``at``; ``next`` is none on the last page."""

    at: datetime
    items: tuple[T, ...]
    next: Mark | None


def incidents(bus: Bus, before: Mark | None, limit: int, *, open_only: bool) -> Page[Filed]:
    """Return the incidents recorded last; stubs are not among them."""
    with bus.store.begin() as uow:
        rows = uow.incidents.page(before, limit + 1, open_only=open_only)
        return _page(uow.now, rows, limit, lambda one: (one.recorded_at, one.id))


def incident(bus: Bus, wanted: UUID) -> Filed:
    """Return an incident or a stub.

    Raises:
        Unknown: the id is no incident's.
    """
    with bus.store.begin() as uow:
        found = uow.incidents.find(wanted)
    if found is None:
        raise unknown(wanted)
    return found


def notices(bus: Bus, wanted: NoticeFilter, before: Mark | None, limit: int) -> Page[Notice]:
    """Return the notices opened last that a filter lets through."""
    with bus.store.begin() as uow:
        rows = uow.notices.page(wanted, before, limit + 1)
        return _page(uow.now, rows, limit, lambda one: (one.opened_at, one.id))


def quarantined(
    bus: Bus, state: QuarantineState | None, before: Mark | None, limit: int
) -> Page[Quarantined]:
    """Return the records that came into quarantine last, of one state or all."""
    with bus.store.begin() as uow:
        rows = uow.quarantine.page(state, before, limit + 1)
        return _page(uow.now, rows, limit, lambda one: (one.received_at, one.id))


def kept(bus: Bus, wanted: UUID) -> Quarantined:
    """Return one quarantined record.

    Raises:
        Unknown: the id is no record's.
    """
    with bus.store.begin() as uow:
        return uow.quarantine.lock(wanted)


def history(bus: Bus, wanted: UUID, after: int, limit: int) -> tuple[Told, ...]:
    """Return the sealed journal entries of an incident that follow the number ``after``.

    Raises:
        Unknown: the id is no incident's.
    """
    with bus.store.begin() as uow:
        if uow.incidents.find(wanted) is None:
            raise unknown(wanted)
        return told(uow.journal.of_incident(wanted, after, limit))


def _page(at: datetime, rows: Sequence[T], limit: int, mark: Callable[[T], Mark]) -> Page[T]:
    kept = tuple(rows[:limit])
    return Page(at=at, items=kept, next=mark(kept[-1]) if len(rows) > limit else None)
