"""How each room's inbox stands: how full it is, and whether anybody reads it."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.store import tables
from dispatch_bus.store.session import Session

_T = tables.inbox


@frozen(kw_only=True)
class InboxState:
    """A room's inbox when it was last asked.

    ``unattended_since`` is none while somebody reads it, ``full_since`` while it takes messages.
    """

    room: str
    waiting: int | None
    unattended_since: datetime | None
    full_since: datetime | None


class Inboxes:
    """Notes how inboxes stand, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> dict[str, InboxState]:
        """Return every inbox that has ever been asked, by its room."""
        rows = self._session.execute(select(_T))
        return {row.room: InboxState(**row._mapping) for row in rows}

    def note(self, room: str, waiting: int, at: datetime, *, attended: bool) -> bool:
        """Note how many messages wait, and whether anybody reads; true if the latter changed."""
        known = self._lock(room)
        since = None if attended else known.unattended_since or at
        self._set(room, waiting=waiting, unattended_since=since)
        return (since is None) != (known.unattended_since is None)

    def fill(self, room: str, waiting: int | None, at: datetime) -> bool:
        """Note that an inbox takes no more; true when it did until now."""
        known = self._lock(room)
        self._set(room, waiting=waiting, full_since=known.full_since or at)
        return known.full_since is None

    def free(self, room: str) -> bool:
        """Note that an inbox takes messages; true when it did not until now."""
        result = self._session.execute(
            update(_T)
            .where(_T.c.room == room, _T.c.full_since.is_not(None))
            .values(full_since=None)
        )
        return bool(result.rowcount)

    def _lock(self, room: str) -> InboxState:
        self._session.execute(insert(_T).values(room=room).on_conflict_do_nothing())
        query = select(_T).where(_T.c.room == room).with_for_update()
        return InboxState(**self._session.execute(query).one()._mapping)

    def _set(self, room: str, **values: object) -> None:
        self._session.execute(update(_T).where(_T.c.room == room).values(values))
