"""What stands between the bus and its journal: entries to be sealed, and connections."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text

from dispatch_bus.journal.entry import glimpse
from dispatch_bus.store import tables
from dispatch_bus.store.session import Session

_PENDING = tables.journal_pending
_CONNECTIONS = text(
    "SELECT count(*), current_setting('max_connections')::int"
    " FROM pg_stat_activity WHERE datid IS NOT NULL"
)


class Stages:
    """Answers within one transaction how far sealing lags, and how full the server is."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unsealed_since(self) -> datetime | None:
        """Return when the oldest journal entry without a number happened, if there is one."""
        first = select(_PENDING.c.entry, _PENDING.c.schema_version).order_by(_PENDING.c.id).limit(1)
        row = self._session.execute(first).one_or_none()
        return glimpse(row.entry, row.schema_version).at if row else None

    def connections(self) -> tuple[int, int]:
        """Return how many connections the database server has, and how many it can have."""
        row = self._session.execute(_CONNECTIONS).one()
        return row[0], row[1]
