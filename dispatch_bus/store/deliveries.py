"""Deliveries: what each side of a notice is to be told, as a question to the store.

There is one row for each side of a notice. It holds the newest telling; an older one that was
never delivered is overtaken by it and need not arrive any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Row, select, update

from dispatch_bus.domain.message import Message
from dispatch_bus.domain.notice import Side
from dispatch_bus.store import tables
from dispatch_bus.store.keys import KeyRing, WrappedKey
from dispatch_bus.store.notices import Notices
from dispatch_bus.store.restoring import NUMBERS_AT_ONCE
from dispatch_bus.store.sealing import split_message
from dispatch_bus.store.session import Session, replacing, write_to

_T = tables.delivery


_SEQUENCES = """
    SELECT epoch, notice, side, sequence FROM journal_tree
    LEFT JOIN delivery ON delivery.notice = ANY(%(ids)s::uuid[])
"""
# The order names the index of what is due: the planner cannot know how few those are.
_WAITING = """
    SELECT asked.room, count(*), min(told_at) AS oldest
    FROM unnest(%(rooms)s::text[]) AS asked (room) CROSS JOIN LATERAL (
        SELECT told_at FROM delivery
        WHERE delivery.room = asked.room AND delivered < sequence AND NOT stuck
        ORDER BY priority, due_at LIMIT %(most)s
    ) AS waiting
    GROUP BY asked.room
"""
_ALARMED = """
    UPDATE delivery SET alarmed = told.sequence
    FROM unnest(%(notices)s::uuid[], %(sides)s::text[], %(sequences)s::integer[])
        AS told (notice, side, sequence)
    WHERE delivery.notice = told.notice AND delivery.side = told.side
"""
_NEWER = ("sequence", "room", "message", "sealed", "priority", "due_at", "attempts", "stuck")
_TELL = write_to(
    _T,
    replacing(_T, _NEWER)
    # While an older telling waits, the sender has waited since then.
    + """, told_at = CASE WHEN delivery.delivered < delivery.sequence
        THEN delivery.told_at ELSE excluded.told_at END"""
    # One alarm for one wait: a newer telling that joins it raises no second.
    + """, alarmed = CASE WHEN delivery.delivered < delivery.sequence
        AND delivery.alarmed = delivery.sequence
        THEN excluded.sequence ELSE delivery.alarmed END""",
)


@frozen(kw_only=True)
class Overdue:
    """A telling that has not arrived in time."""

    notice: UUID
    incident: UUID
    side: Side
    centre: str
    sequence: int
    told_at: datetime


class Deliveries:
    """Tells, claims and settles within one transaction."""

    def __init__(self, session: Session, keys: KeyRing, notices: Notices) -> None:
        self._session = session
        self._keys = keys
        self._notices = notices
        self._last: dict[tuple[UUID, str], int] = session.memory()
        self._epochs: dict[int, bool] = session.memory()

    def foresee(self, notices: Iterable[UUID]) -> None:
        """Read with the next question how far the sides of these notices have been told."""
        asked = list(notices)
        self._last |= {(notice, side.value): 0 for notice in asked for side in Side}
        self._session.foresee(_SEQUENCES, {"ids": asked}, self._note_sequence)

    def _note_sequence(self, row: dict[str, Any]) -> None:
        self._epochs[row["epoch"]] = True
        if row["notice"]:
            self._last[row["notice"], row["side"]] = row["sequence"]

    def next_sequence(self, notice: UUID, side: Side) -> int:
        """Return the sequence number of the next telling to one side.

        Each epoch has numbers of its own: what a side was told after the backup that the bus came
        out of is not known here, and must not look like a repeat.
        """
        place = (notice, side.value)
        self._session.settle()
        if not self._epochs or not (place in self._last or self._notices.is_new(notice)):
            self.foresee([notice])
        self._session.settle()
        (epoch,) = self._epochs
        return max(self._last.get(place, 0) + 1, (epoch - 1) * NUMBERS_AT_ONCE + 1)

    def tell(
        self, message: Message, key: WrappedKey, room: str | None, priority: int, at: datetime
    ) -> None:
        """Put the newest telling into the row of its side; it is due at once."""
        plain, sealed = split_message(message, lambda: self._keys.open(key))
        row = {
            "notice": message.notice,
            "side": message.side.value,
            "incident": message.incident,
            "centre": message.to,
            "room": room,
            "priority": priority,
            "mode": message.mode,
            "sequence": message.sequence,
            "delivered": 0,
            "message": plain,
            "sealed": sealed,
            "told_at": at,
            "due_at": at,
            "attempts": 0,
            "alarmed": 0,
            "stuck": False,
        }
        self._session.later(_TELL, row)
        self._last[message.notice, message.side.value] = message.sequence

    def release(self, now: datetime) -> int:
        """Let every telling that was given up be due again; return how many those are."""
        result = self._session.execute(
            update(_T)
            .where(_T.c.stuck, _T.c.delivered < _T.c.sequence)
            .values(stuck=False, due_at=now, attempts=0)
        )
        return int(result.rowcount)

    def overdue(self, since: datetime, limit: int) -> list[Overdue]:
        """Return tellings undelivered since before ``since`` that raised no alarm yet."""
        query = (
            select(_T)
            .where(
                _T.c.delivered < _T.c.sequence,
                _T.c.alarmed < _T.c.sequence,
                _T.c.told_at <= since,
            )
            .order_by(_T.c.told_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_overdue(row) for row in self._session.execute(query)]

    def mark_alarmed(self, overdue: Sequence[Overdue]) -> None:
        """Note that the alarms for these tellings have been raised."""
        asked = {
            "notices": [one.notice for one in overdue],
            "sides": [one.side.value for one in overdue],
            "sequences": [one.sequence for one in overdue],
        }
        self._session.tell(_ALARMED, asked)

    def waiting(self, rooms: Collection[str], most: int) -> dict[str, tuple[int, datetime]]:
        """Return how many tellings each of these rooms is still to be given, and since when.

        Of each room the ``most`` most urgent ones are looked at; who lacks nothing is left out.
        """
        rows = self._session.ask(_WAITING, {"rooms": list(rooms), "most": most})
        return {row["room"]: (row["count"], row["oldest"]) for row in rows if row["count"]}

    def of_notices(self, notices: Sequence[UUID]) -> Sequence[Row[Any]]:
        """Return the rows of both sides of these notices."""
        return self._session.execute(select(_T).where(_T.c.notice.in_(notices))).all()


def _overdue(row: Row[Any]) -> Overdue:
    return Overdue(
        notice=row.notice,
        incident=row.incident,
        side=Side(row.side),
        centre=row.centre,
        sequence=row.sequence,
        told_at=row.told_at,
    )
