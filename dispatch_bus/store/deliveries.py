"""Deliveries: what each side of a notice is to be told, as a question to the store.

There is one row for each side of a notice. It holds the newest telling; an older one that was
never delivered is overtaken by it and need not arrive any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, Row, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.domain.message import Message
from dispatch_bus.domain.notice import Side
from dispatch_bus.store import tables
from dispatch_bus.store.keys import KeyRing, WrappedKey
from dispatch_bus.store.restoring import NUMBERS_AT_ONCE
from dispatch_bus.store.sealing import split_message

_T = tables.delivery


_NEXT = text(
    """
    SELECT epoch, coalesce(
        (SELECT sequence FROM delivery WHERE notice = :notice AND side = :side), 0) AS last
    FROM journal_tree
    """
)
_NEWER = ("sequence", "room", "message", "sealed", "priority", "due_at", "attempts", "stuck")
_INSERT = insert(_T)
_TELL = _INSERT.on_conflict_do_update(
    index_elements=["notice", "side"],
    set_={
        **{name: _INSERT.excluded[name] for name in _NEWER},
        # While an older telling waits, the sender has waited since then.
        "told_at": text(
            "CASE WHEN delivery.delivered < delivery.sequence"
            " THEN delivery.told_at ELSE excluded.told_at END"
        ),
        # One alarm for one wait: a newer telling that joins it raises no second.
        "alarmed": text(
            "CASE WHEN delivery.delivered < delivery.sequence"
            " AND delivery.alarmed = delivery.sequence"
            " THEN excluded.sequence ELSE delivery.alarmed END"
        ),
    },
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

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        self._connection = connection
        self._keys = keys

    def next_sequence(self, notice: UUID, side: Side) -> int:
        """Return the sequence number of the next telling to one side.

        Each epoch has numbers of its own: what a side was told after the backup that the bus came
        out of is not known here, and must not look like a repeat.
        """
        row = self._connection.execute(_NEXT, {"notice": notice, "side": side}).one()
        return int(max(row.last + 1, (row.epoch - 1) * NUMBERS_AT_ONCE + 1))

    def tell(
        self, message: Message, key: WrappedKey, room: str | None, priority: int, at: datetime
    ) -> None:
        """Put the newest telling into the row of its side; it is due at once."""
        plain, sealed = split_message(message, lambda: self._keys.open(key))
        row = {
            "notice": message.notice,
            "side": message.side,
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
        self._connection.execute(_TELL, row)

    def release(self, now: datetime) -> int:
        """Let every telling that was given up be due again; return how many those are."""
        result = self._connection.execute(
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
        return [_overdue(row) for row in self._connection.execute(query)]

    def mark_alarmed(self, overdue: Overdue) -> None:
        """Note that the alarm for this telling has been raised."""
        mine = and_(_T.c.notice == overdue.notice, _T.c.side == overdue.side)
        self._connection.execute(update(_T).where(mine).values(alarmed=overdue.sequence))

    def waiting(self) -> list[tuple[str | None, int, datetime]]:
        """Return (room, number, oldest) of the tellings that are still to reach each room."""
        query = (
            select(_T.c.room, func.count(), func.min(_T.c.told_at))
            .where(_T.c.delivered < _T.c.sequence, _T.c.stuck.is_(False))
            .group_by(_T.c.room)
        )
        return [tuple(row) for row in self._connection.execute(query)]

    def of_notices(self, notices: Sequence[UUID]) -> Sequence[Row[Any]]:
        """Return the rows of both sides of these notices."""
        return self._connection.execute(select(_T).where(_T.c.notice.in_(notices))).all()


def _overdue(row: Row[Any]) -> Overdue:
    return Overdue(
        notice=row.notice,
        incident=row.incident,
        side=Side(row.side),
        centre=row.centre,
        sequence=row.sequence,
        told_at=row.told_at,
    )
