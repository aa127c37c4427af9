"""Reads the journal, from a number on or whole, for whoever tells what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

import structlog
from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.entry import Entry, glimpse, is_known
from dispatch_bus.store.journal import Numbered

_log = structlog.get_logger(__name__)
_PAGE = 5_000
# An entry may hold a report of some megabytes.
_MOST_BYTES = 4 * 2**20


@frozen
class Told:
    """A sealed journal entry, decoded, with its number and the epoch it was numbered in."""

    number: int
    epoch: int
    entry: Entry


@frozen(kw_only=True)
class Look:
    """The journal after a number, at the instant ``at`` of the database's clock.

    ``number`` is that of the last entry, or where there is none the one that it was asked after.
    ``unsealed`` counts the entries that are committed and have no number yet.
    """

    at: datetime
    entries: tuple[Told, ...]
    number: int
    unsealed: int


def look(bus: Bus, after: int, limit: int) -> Look:
    """Return at most ``limit`` entries that follow the number ``after``; fewer of big ones."""
    with bus.store.begin() as uow:
        entries = told(uow.journal.page(after, limit, _MOST_BYTES))
        number = entries[-1].number if entries else after
        return Look(at=uow.now, entries=entries, number=number, unsealed=uow.journal.waiting())


def glance(bus: Bus) -> Look:
    """Return where the journal ends, without its entries."""
    with bus.store.begin() as uow:
        number, unsealed = uow.journal.before_newest(0), uow.journal.waiting()
        return Look(at=uow.now, entries=(), number=number, unsealed=unsealed)


def start(bus: Bus, after: int | None) -> int:
    """Return the number to read on from: ``after``, or the journal's end where that is none.

    Raises:
        Refused: no entry has the number ``after``: the journal came out of a backup since.
    """
    if after is None:
        return before_newest(bus, 0)
    with bus.store.begin() as uow:
        if after and not uow.journal.has(after):
            end = uow.journal.before_newest(0)
            remedy = f"The journal ends at {end}: read the lists anew, then follow from there."
            raise Refused("after", after, remedy)
    return after


def before_newest(bus: Bus, count: int) -> int:
    """Return the number after which the newest ``count`` entries follow."""
    with bus.store.begin() as uow:
        return uow.journal.before_newest(count)


def everything(bus: Bus) -> Iterator[Told]:
    """Yield every sealed entry, in constant memory."""
    last = 0
    while page := look(bus, last, _PAGE).entries:
        yield from page
        last = page[-1].number


def told(entries: Iterable[Numbered]) -> tuple[Told, ...]:
    """Decode sealed entries; one that a newer version wrote is kept, with a warning."""
    return tuple(Told(one.number, one.epoch, _entry(one)) for one in entries)


def _entry(one: Numbered) -> Entry:
    entry = glimpse(one.entry, one.schema_version)
    if not is_known(entry.kind):
        _warn(entry.kind)
    return entry


@lru_cache(maxsize=100)
def _warn(kind: str) -> None:
    """Say once in each process that it passes over a kind."""
    _log.warning("a newer version wrote entries that this one passes over", kind=kind)
