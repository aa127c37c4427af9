"""How far each room has been read, as a cursor that only its reader can move."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from attrs import evolve, frozen
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.store import tables
from dispatch_bus.store.session import Row, Session

_T = tables.room
_GET = f"SELECT {tables.columns(_T)} FROM room WHERE id = %(room)s"  # noqa: S608
_ADVANCE = """
    UPDATE room SET cursor = %(cursor)s, pages = pages + 1, records = records + %(records)s,
        pulled_at = clock_timestamp()
    WHERE id = %(room)s AND pages = %(seen)s
    RETURNING pulled_at
"""
_CONFIRM = "UPDATE room SET confirmed_pages = %(pages)s WHERE id = %(room)s"


@frozen(kw_only=True)
class RoomState:
    """Where the reading of a room stands; ``failing_since`` is none while it answers.

    ``confirmed_pages`` of the ``pages`` that are stored have been confirmed to the room.
    """

    id: str
    cursor: str | None
    pages: int
    confirmed_pages: int
    records: int
    pulled_at: datetime | None
    failing_since: datetime | None
    clock_ahead_s: float | None = None
    clock_at: datetime | None = None


class Rooms:
    """Reads and moves cursors within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._moved: dict[str, RoomState | None] = session.memory()

    def get(self, room: str) -> RoomState:
        """Return a room's state, making it where the room is new."""
        rows = self._session.ask(_GET, {"room": room})
        if not rows:
            fresh = {"id": room, "pages": 0, "confirmed_pages": 0, "records": 0}
            self._session.execute(insert(_T).values(fresh).on_conflict_do_nothing())
            rows = self._session.ask(_GET, {"room": room})
        return RoomState(**rows[0])

    def all(self) -> list[RoomState]:
        """Return every room that has ever been read."""
        rows = self._session.execute(select(_T).order_by(_T.c.id))
        return [RoomState(**row._mapping) for row in rows]

    def advance(self, known: RoomState, cursor: str, records: int) -> None:
        """Move the cursor on from where ``known`` saw it, with the next question."""
        asked = {"room": known.id, "seen": known.pages, "cursor": cursor, "records": records}
        self._moved[known.id] = None
        moved = evolve(known, cursor=cursor, pages=known.pages + 1, records=known.records + records)
        self._session.foresee(_ADVANCE, asked, partial(self._note_moved, moved))

    def advanced(self, room: str) -> RoomState | None:
        """Return where a cursor that was to be moved stands; none when somebody else moved it."""
        self._session.settle()
        return self._moved[room]

    def _note_moved(self, moved: RoomState, row: Row) -> None:
        self._moved[moved.id] = evolve(moved, pulled_at=row["pulled_at"])

    def note_confirmed(self, room: str, pages: int) -> None:
        """Note how many pages the room knows to be stored."""
        self._session.tell(_CONFIRM, {"room": room, "pages": pages})

    def note_clock(self, room: str, ahead_s: float, at: datetime) -> None:
        """Note how far a room's clock is ahead of the database's."""
        self._session.execute(
            update(_T).where(_T.c.id == room).values(clock_ahead_s=ahead_s, clock_at=at)
        )

    def fail(self, room: str, at: datetime) -> bool:
        """Note that a room does not answer; true when it did until now."""
        result = self._session.execute(
            update(_T).where(_T.c.id == room, _T.c.failing_since.is_(None)).values(failing_since=at)
        )
        return bool(result.rowcount)

    def recover(self, room: str) -> bool:
        """Note that a room answers; true when it did not until now."""
        result = self._session.execute(
            update(_T)
            .where(_T.c.id == room, _T.c.failing_since.is_not(None))
            .values(failing_since=None)
        )
        return bool(result.rowcount)
