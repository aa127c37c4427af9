"""What an operator has to know of the database server itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen
from sqlalchemy import select, text

from dispatch_bus.store import tables
from dispatch_bus.store.session import Session

SETTINGS: Final = ("fsync", "full_page_writes", "synchronous_commit")
_SERVER = text(
    """
    SELECT current_setting('server_version') AS version,
        current_setting('server_version_num')::int / 10000 AS major,
        pg_database_size(current_database()) AS size,
        (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL) AS connections,
        current_setting('max_connections')::int AS connections_limit,
        (SELECT min(xact_start) FROM pg_stat_activity WHERE backend_xid IS NOT NULL) AS writing,
        (SELECT version_num FROM alembic_version) AS schema,
        (SELECT count(*) FROM delivery WHERE stuck AND delivered < sequence) AS stuck
    """
)


@frozen(kw_only=True)
class Server:
    """The server and what is unusual in it.

    ``size`` is the database's, in bytes; ``settings`` are those that decide whether what was
    committed outlives a crash; ``writing_since`` is when the oldest transaction that has written
    began: the sealer waits for it. ``stuck`` counts the tellings that a room refused for good.
    """

    version: str
    major: int
    schema: str
    size: int
    settings: dict[str, str]
    connections: int
    connections_limit: int
    writing_since: datetime | None
    stuck: int


@frozen(kw_only=True)
class Lease:
    """Who leads in something, and until when unless that is renewed."""

    name: str
    holder: str
    until: datetime


class Inspection:
    """Looks at the server within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def server(self) -> Server:
        """Return how the server is."""
        row = self._session.execute(_SERVER).one()
        return Server(
            version=row.version,
            major=row.major,
            schema=row.schema,
            size=row.size,
            settings={name: self._setting(name) for name in SETTINGS},
            connections=row.connections,
            connections_limit=row.connections_limit,
            writing_since=row.writing,
            stuck=row.stuck,
        )

    def leases(self) -> list[Lease]:
        """Return every lease, held or run out, by name."""
        query = select(tables.lease).order_by(tables.lease.c.name)
        return [Lease(**row._mapping) for row in self._session.execute(query)]

    def _setting(self, name: str) -> str:
        value = self._session.execute(text("SELECT current_setting(:name)"), {"name": name})
        return str(value.scalar_one())
