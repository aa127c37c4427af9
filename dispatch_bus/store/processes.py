"""Which processes of the bus are at work: each says so every few seconds."""

from __future__ import annotations

from datetime import datetime

from attrs import asdict, frozen
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.store import tables
from dispatch_bus.store.session import Session

_T = tables.process


@frozen(kw_only=True)
class Process:
    """A process: its name on leases, what it runs, where, of which version, with which zones.

    ``clock_ahead_s`` is how far its machine's clock was ahead of the database's when it was last
    seen, in seconds; ``started_at`` and ``seen_at`` are by the database's clock.
    """

    holder: str
    service: str
    host: str
    pid: int
    version: str
    zones: str
    clock_ahead_s: float
    started_at: datetime
    seen_at: datetime


class Processes:
    """Notes and lists processes within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def see(self, process: Process) -> None:
        """Note that a process is at work."""
        row = asdict(process)
        seen = insert(_T).values(row)
        # All of it: the embedded bus gives the name on to the next process of the kind.
        self._session.execute(seen.on_conflict_do_update(index_elements=["holder"], set_=row))

    def forget(self, holder: str) -> None:
        """Note that a process has ended."""
        self._session.execute(delete(_T).where(_T.c.holder == holder))

    def forget_unseen(self, since: datetime) -> None:
        """Drop the processes that were last seen before ``since``."""
        self._session.execute(delete(_T).where(_T.c.seen_at < since))

    def all(self) -> list[Process]:
        """Return every process, by service, host and number."""
        query = select(_T).order_by(_T.c.service, _T.c.host, _T.c.pid)
        return [Process(**row._mapping) for row in self._session.execute(query)]
