"""Reads the journal for people: the newest entries, and one incident's story."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.entry import Entry, decode
from dispatch_bus.store.journal import Numbered

_MOST = 1_000


@frozen
class Recorded:
    """An entry with its number."""

    number: int
    entry: Entry


def tail(bus: Bus, *, after: int | None = None, newest: int = _MOST) -> list[Recorded]:
    """Return the entries that follow number ``after``, or the ``newest`` ones; 1,000 at most."""
    with bus.store.begin() as uow:
        start = max(0, uow.journal.size() - newest) if after is None else after
        return [_recorded(one) for one in uow.journal.read(start, _MOST)]


def of_incident(bus: Bus, incident: UUID) -> list[Recorded]:
    """Return everything that happened to an incident and its notices, in order.

    Raises:
        Refused: the journal knows no such incident.
    """
    with bus.store.begin() as uow:
        found = [_recorded(one) for one in uow.journal.of_incident(incident)]
    if not found:
        raise Refused("incident", str(incident), "Use the id of an incident on the bus.")
    return found


def _recorded(row: Numbered) -> Recorded:
    return Recorded(row.number, decode(row.entry, row.schema_version))
