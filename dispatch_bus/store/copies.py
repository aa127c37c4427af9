"""Copies: under which numbers rooms keep what the bus has sent them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from attrs import frozen

from dispatch_bus.store import tables
from dispatch_bus.store.session import Row, Session, replacing, write_to

_ADD = write_to(tables.alias, replacing(tables.alias, ["incident"]))
_KNOWN = """
    SELECT alias.number, incident.id, incident.case_created
    FROM alias JOIN incident ON incident.id = alias.incident
    WHERE alias.room = %(room)s AND alias.number = ANY(%(numbers)s::text[])
"""
_RETURNING = """
    SELECT incident.id, incident.room, incident.number, array(
        SELECT DISTINCT receiver FROM notice WHERE notice.incident = incident.id
    ) AS receivers
    FROM incident WHERE id = ANY(%(ids)s::uuid[])
"""


@frozen(kw_only=True)
class Original:
    """The incident that a room's case is a copy of, with when its own room made it."""

    id: UUID
    case_created: datetime


@frozen(kw_only=True)
class Told:
    """An incident that a room says it was told of, and the centres that really were."""

    id: UUID
    room: str
    number: str
    receivers: frozenset[str]


class Copies:
    """Keeps and finds the numbers of copies within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str], Original | None] = session.memory()
        self._told: dict[UUID, Told | None] = session.memory()

    def foresee(self, room: str, numbers: Iterable[str], told: Iterable[str]) -> None:
        """Read with the next question what a room's numbers, and the ids it was told, stand for."""
        asked = {"room": room, "numbers": list(numbers)}
        self._known |= {(room, number): None for number in asked["numbers"]}
        self._session.foresee(_KNOWN, asked, partial(self._note_known, room))
        self._foresee_told([one for one in map(_id, told) if one])

    def known_as(self, room: str, number: str) -> Original | None:
        """Return the incident that a room has under this number as a copy from the bus."""
        if (room, number) not in self._known:
            self.foresee(room, (number,), ())
        self._session.settle()
        return self._known[room, number]

    def returning(self, told: str, room: str, number: str) -> Told | None:
        """Return the incident whose id a room says its case came from, if there is one.

        A room may keep the bus's id beside its own case too: that is no copy.
        """
        incident = _id(told)
        if incident is None:
            return None
        if incident not in self._told:
            self._foresee_told([incident])
        self._session.settle()
        found = self._told[incident]
        is_own = found is not None and (found.room, found.number) == (room, number)
        return None if is_own else found

    def add(self, room: str, number: str, incident: UUID) -> None:
        """Remember the number under which a room keeps its newest copy of an incident."""
        self._session.settle()
        self._known.pop((room, number), None)
        self._session.later(_ADD, {"room": room, "number": number, "incident": incident})

    def _foresee_told(self, incidents: list[UUID]) -> None:
        if incidents:
            self._told |= dict.fromkeys(incidents)
            self._session.foresee(_RETURNING, {"ids": incidents}, self._note_told)

    def _note_known(self, room: str, row: Row) -> None:
        original = Original(id=row["id"], case_created=row["case_created"])
        self._known[room, row["number"]] = original

    def _note_told(self, row: Row) -> None:
        receivers = frozenset(row.pop("receivers"))
        self._told[row["id"]] = Told(**row, receivers=receivers)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
