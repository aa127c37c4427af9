"""How much each stage still has to do, and since when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ColumnElement, func, select, text

from dispatch_bus.journal.entry import glimpse
from dispatch_bus.store import tables
from dispatch_bus.store.session import Session

_INCIDENT, _DELIVERY, _PENDING = tables.incident, tables.delivery, tables.journal_pending
_CONNECTIONS = text(
    "SELECT count(*), current_setting('max_connections')::int"
    " FROM pg_stat_activity WHERE datid IS NOT NULL"
)


class Stages:
    """Counts what waits, within one transaction. Each answer is a number and the oldest's time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def undecided(self) -> tuple[int, datetime | None]:
        """Return the incidents that wait for a decision, by when they were recorded."""
        return self._waiting(
            _INCIDENT.c.recorded_at, _INCIDENT.c.decided_revision < _INCIDENT.c.revision
        )

    def undelivered(self) -> tuple[int, datetime | None]:
        """Return the tellings that a room is still to be given, by when they were told."""
        return self._waiting(
            _DELIVERY.c.told_at,
            _DELIVERY.c.delivered < _DELIVERY.c.sequence,
            _DELIVERY.c.stuck.is_(False),
            _DELIVERY.c.room.is_not(None),
        )

    def unsealed(self) -> tuple[int, datetime | None]:
        """Return the journal entries without a number, by when they happened."""
        count = self._session.execute(select(func.count()).select_from(_PENDING)).scalar_one()
        first = select(_PENDING.c.entry, _PENDING.c.schema_version).order_by(_PENDING.c.id).limit(1)
        row = self._session.execute(first).one_or_none()
        return count, glimpse(row.entry, row.schema_version).at if row else None

    def connections(self) -> tuple[int, int]:
        """Return how many connections the database server has, and how many it can have."""
        row = self._session.execute(_CONNECTIONS).one()
        return row[0], row[1]

    def _waiting(
        self, since: Column[datetime], *conditions: ColumnElement[bool]
    ) -> tuple[int, datetime | None]:
        query = select(func.count(), func.min(since)).where(*conditions)
        row = self._session.execute(query).one()
        return row[0], row[1]
