"""Days whose erasure has been decided, each noted once and for good."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.store import tables
from dispatch_bus.store.session import Session


class Erasures:
    """Notes erasures within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def first_time(self, day: date, at: datetime) -> bool:
        """Note that a day's key is to be destroyed; false when that was noted before."""
        erasure = tables.erasure
        statement = insert(erasure).values(day=day, noted_at=at).on_conflict_do_nothing()
        return self._session.execute(statement.returning(erasure.c.day)).first() is not None
