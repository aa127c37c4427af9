"""Notices in PostgreSQL: one row each, changed only under the lock of their incident."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select

from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import Unknown
from dispatch_bus.domain.notice import Notice, NoticeKind, NoticeState
from dispatch_bus.store import tables
from dispatch_bus.store.paging import Mark, newest_first
from dispatch_bus.store.session import Row, Session, replacing, write_to

_T = tables.notice
_TAKEN = (NoticeState.ACCEPTED, NoticeState.TRANSFERRED)
# Spelled out in the statement, so that the planner knows which index holds no others.
_HANDOFF: ColumnElement[str] = literal_column(f"'{NoticeKind.HANDOFF.value}'")
_EXPIRED: ColumnElement[str] = literal_column(f"'{NoticeState.EXPIRED.value}'")
_FIELDS = tuple(field.name for field in attrs.fields(Notice))
_SELECT = f"SELECT {tables.columns(_T)} FROM notice"  # noqa: S608
_SOME = f"{_SELECT} WHERE id = ANY(%(ids)s::uuid[])"
_OF = f"{_SELECT} WHERE incident = ANY(%(ids)s::uuid[]) ORDER BY opened_at"
# As noted: of two notices to one centre the first has to be closed before the second is open.
_PUT = write_to(_T, replacing(_T, [name for name in _FIELDS if name != "id"]), as_noted=True)


@frozen(kw_only=True)
class NoticeFilter:
    """Which notices are asked for; what is none narrows nothing. ``centre`` is either end."""

    kind: NoticeKind | None = None
    centre: str | None = None
    state: NoticeState | None = None
    discipline: Discipline | None = None
    mode: Mode | None = None
    open_only: bool = False

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in terms of the table."""
        equal: dict[str, str | None] = {
            "kind": self.kind,
            "state": self.state,
            "discipline": self.discipline,
            "mode": self.mode,
        }
        found = [_T.c[name] == value for name, value in equal.items() if value is not None]
        if self.centre is not None:
            found.append(or_(_T.c.owner == self.centre, _T.c.receiver == self.centre))
        return [*found, _T.c.closed_at.is_(None)] if self.open_only else found


class Notices:
    """Keeps and finds notices within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._foreseen: dict[UUID, dict[UUID, Notice]] = session.memory()
        self._by_id: dict[UUID, Notice] = session.memory()
        self._new: dict[UUID, bool] = session.memory()
        self._some: dict[UUID, Notice | None] = session.memory()

    def foresee(self, incidents: Iterable[UUID]) -> list[UUID]:
        """Read at once every notice of incidents that are locked here; return the notices' ids.

        Without the lock another transaction could change what is remembered here.
        """
        asked = set(incidents) - self._foreseen.keys()
        self._foreseen |= {incident: {} for incident in asked}
        found = self._of(asked)
        for notice in found:
            self._remember(notice)
        return [notice.id for notice in found]

    def has_none(self, incident: UUID) -> None:
        """Take note of an incident that is filed in this transaction: it has no notice yet."""
        self._foreseen.setdefault(incident, {})

    def put(self, notice: Notice) -> None:
        """Write a notice, new or changed, of an incident that is locked here."""
        if notice.incident in self._foreseen:
            self._new[notice.id] = self.is_new(notice.id) or notice.id not in self._by_id
            self._remember(notice)
        self._session.later(_PUT, {name: getattr(notice, name) for name in _FIELDS})

    def is_new(self, notice: UUID) -> bool:
        """Tell whether a notice is known to have been opened in this transaction."""
        return self._new.get(notice, False)

    def get(self, notice: UUID) -> Notice:
        """Return a notice; refuse an id that is none's."""
        if found := self._by_id.get(notice):
            return found
        read = self.some([notice])
        if notice not in read:
            raise Unknown("notice", str(notice), "Use the id of a notice on the bus.")
        return read[notice]

    def some(self, notices: Iterable[UUID]) -> dict[UUID, Notice]:
        """Return these notices by their ids."""
        asked = set(notices)
        if not asked <= self._some.keys():
            self.foresee_some(asked)
        self._session.settle()
        return {one: found for one in asked if (found := self._some.pop(one, None))}

    def foresee_some(self, notices: Iterable[UUID]) -> None:
        """Read these notices with the next question; what `some` then gives is as old as that."""
        asked = list(notices)
        self._some |= dict.fromkeys(asked)
        self._session.foresee(_SOME, {"ids": asked}, self._note_some)

    def _note_some(self, row: Row) -> None:
        self._some[row["id"]] = _notice(row)

    def of_incidents(self, incidents: Iterable[UUID]) -> dict[UUID, list[Notice]]:
        """Return every notice of these incidents, oldest first."""
        found: dict[UUID, list[Notice]] = defaultdict(list)
        unread: set[UUID] = set()
        for incident in incidents:
            if incident in self._foreseen:
                found[incident] = list(self._foreseen[incident].values())
            else:
                unread.add(incident)
        for notice in self._of(unread):
            found[notice.incident].append(notice)
        return found

    def past_deadline(self, now: datetime, limit: int) -> list[Notice]:
        """Return notices whose deadline has passed, longest ago first. They are not locked."""
        query = select(_T).where(_T.c.deadline <= now).order_by(_T.c.deadline).limit(limit)
        return self._read(query)

    def left_since(self, at: datetime, handoffs: Iterable[NoticeState], limit: int) -> list[Notice]:
        """Return open notices whose incident left their ground at ``at`` or before, first first.

        Of handoffs only those in one of the states ``handoffs``.
        """
        leavable = or_(_T.c.kind == NoticeKind.MIRROR, _T.c.state.in_(list(handoffs)))
        query = select(_T).where(_T.c.leaving_since <= at, _T.c.closed_at.is_(None), leavable)
        query = query.order_by(_T.c.leaving_since).limit(limit)
        return self._read(query)

    def page(self, wanted: NoticeFilter, before: Mark | None, limit: int) -> list[Notice]:
        """Return the newest notices that a filter lets through, from a mark on."""
        query = select(_T).where(*wanted.conditions)
        query = newest_first(query, _T.c.opened_at, _T.c.id, before, limit)
        return self._read(query)

    def pending_handoffs(self, limit: int) -> list[Notice]:
        """Return handoffs whose part has not moved and may still do so, oldest first."""
        query = select(_T).where(
            _T.c.kind == _HANDOFF,
            _T.c.closed_at.is_(None),
            _T.c.state != NoticeState.TRANSFERRED,
        )
        query = query.order_by(_T.c.opened_at, _T.c.id).limit(limit)
        return self._read(query)

    def unanswered_handoffs(self, limit: int) -> list[Notice]:
        """Return expired handoffs of open incidents, oldest first, whose part found no taker.

        It is still where it was, and nobody has been asked since.
        """
        other, incident = _T.alias(), tables.incident
        followed = select(other.c.id).where(
            other.c.incident == _T.c.incident,
            other.c.discipline == _T.c.discipline,
            other.c.kind == NoticeKind.HANDOFF,
            or_(other.c.opened_at > _T.c.opened_at, other.c.state.in_(_TAKEN)),
        )
        query = (
            select(_T)
            .join(incident, incident.c.id == _T.c.incident)
            .where(_T.c.state == _EXPIRED, incident.c.is_open, ~followed.exists())
        )
        query = query.order_by(_T.c.opened_at, _T.c.id).limit(limit)
        return self._read(query)

    def counts(self, wanted: NoticeFilter) -> dict[tuple[str, str], int]:
        """Return how many notices a filter lets through of each (kind, state) that occurs."""
        query = select(_T.c.kind, _T.c.state, func.count()).where(*wanted.conditions)
        query = query.group_by(_T.c.kind, _T.c.state)
        return {(row[0], row[1]): row[2] for row in self._session.execute(query)}

    def _of(self, incidents: set[UUID]) -> list[Notice]:
        rows = self._session.ask(_OF, {"ids": list(incidents)}) if incidents else []
        return [_notice(row) for row in rows]

    def _read(self, query: Select[Any]) -> list[Notice]:
        return [_notice(dict(row)) for row in self._session.execute(query).mappings()]

    def _remember(self, notice: Notice) -> None:
        self._foreseen[notice.incident][notice.id] = notice
        self._by_id[notice.id] = notice


def _notice(row: Row) -> Notice:
    values = {name: row[name] for name in _FIELDS}
    return Notice(
        **values
        | {
            "kind": NoticeKind(row["kind"]),
            "state": NoticeState(row["state"]),
            "discipline": Discipline(row["discipline"]),
            "mode": Mode(row["mode"]),
        }
    )
