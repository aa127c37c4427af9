"""Notices in PostgreSQL: one row each, changed only under the lock of their incident."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import Unknown
from dispatch_bus.domain.notice import Notice, NoticeKind, NoticeState
from dispatch_bus.store import tables
from dispatch_bus.store.paging import Mark, newest_first

_T = tables.notice
_TAKEN = (NoticeState.ACCEPTED, NoticeState.TRANSFERRED)
_FIELDS = tuple(field.name for field in attrs.fields(Notice))
_INSERT = insert(_T)
# Statements of every transition are built once: that costs more than running them.
_PUT = _INSERT.on_conflict_do_update(
    index_elements=[_T.c.id],
    set_={name: _INSERT.excluded[name] for name in _FIELDS if name != "id"},
)
_GET = select(_T).where(_T.c.id == bindparam("id"))


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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, notice: Notice) -> None:
        """Write a notice, new or changed."""
        self._connection.execute(_PUT, {name: getattr(notice, name) for name in _FIELDS})

    def get(self, notice: UUID) -> Notice:
        """Return a notice; refuse an id that is none's."""
        row = self._connection.execute(_GET, {"id": notice}).one_or_none()
        if row is None:
            raise Unknown("notice", str(notice), "Use the id of a notice on the bus.")
        return _notice(row)

    def some(self, notices: Iterable[UUID]) -> dict[UUID, Notice]:
        """Return these notices by their ids."""
        rows = self._connection.execute(select(_T).where(_T.c.id.in_(list(notices))))
        return {row.id: _notice(row) for row in rows}

    def of_incidents(self, incidents: Iterable[UUID]) -> dict[UUID, list[Notice]]:
        """Return every notice of these incidents, oldest first."""
        query = select(_T).where(_T.c.incident.in_(list(incidents))).order_by(_T.c.opened_at)
        found: dict[UUID, list[Notice]] = defaultdict(list)
        for row in self._connection.execute(query):
            found[row.incident].append(_notice(row))
        return found

    def past_deadline(self, now: datetime, limit: int) -> list[Notice]:
        """Return notices whose deadline has passed, longest ago first. They are not locked."""
        query = select(_T).where(_T.c.deadline <= now).order_by(_T.c.deadline).limit(limit)
        return [_notice(row) for row in self._connection.execute(query)]

    def left_since(self, at: datetime, handoffs: Iterable[NoticeState], limit: int) -> list[Notice]:
        """Return open notices whose incident left their ground at ``at`` or before, first first.

        Of handoffs only those in one of the states ``handoffs``.
        """
        leavable = or_(_T.c.kind == NoticeKind.MIRROR, _T.c.state.in_(list(handoffs)))
        query = select(_T).where(_T.c.leaving_since <= at, _T.c.closed_at.is_(None), leavable)
        query = query.order_by(_T.c.leaving_since).limit(limit)
        return [_notice(row) for row in self._connection.execute(query)]

    def page(self, wanted: NoticeFilter, before: Mark | None, limit: int) -> list[Notice]:
        """Return the newest notices that a filter lets through, from a mark on."""
        query = select(_T).where(*wanted.conditions)
        query = newest_first(query, _T.c.opened_at, _T.c.id, before, limit)
        return [_notice(row) for row in self._connection.execute(query)]

    def pending_handoffs(self, limit: int) -> list[Notice]:
        """Return handoffs whose part has not moved and may still do so, oldest first."""
        query = select(_T).where(
            _T.c.kind == NoticeKind.HANDOFF,
            _T.c.closed_at.is_(None),
            _T.c.state != NoticeState.TRANSFERRED,
        )
        query = query.order_by(_T.c.opened_at, _T.c.id).limit(limit)
        return [_notice(row) for row in self._connection.execute(query)]

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
            .where(_T.c.state == NoticeState.EXPIRED, incident.c.is_open, ~followed.exists())
        )
        query = query.order_by(_T.c.opened_at, _T.c.id).limit(limit)
        return [_notice(row) for row in self._connection.execute(query)]

    def counts(self, mode: Mode) -> dict[tuple[str, str], int]:
        """Return how many notices of a mode there are of each (kind, state) that occurs."""
        query = select(_T.c.kind, _T.c.state, func.count()).where(_T.c.mode == mode)
        query = query.group_by(_T.c.kind, _T.c.state)
        return {(row[0], row[1]): row[2] for row in self._connection.execute(query)}


def _notice(row: Row[Any]) -> Notice:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Notice(
        **values
        | {
            "kind": NoticeKind(row.kind),
            "state": NoticeState(row.state),
            "discipline": Discipline(row.discipline),
            "mode": Mode(row.mode),
        }
    )
