"""Deliveries: what each side of a notice is to be told, as a question to the store.

There is one row for each side of a notice. It holds the newest telling; an older one that was
never delivered is overtaken by it and need not arrive any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, Row, and_, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.message import Message
from dispatch_bus.domain.notice import Side
from dispatch_bus.store import tables
from dispatch_bus.store.keys import KeyRing, WrappedKey
from dispatch_bus.store.sealing import join_message, split_message

_T = tables.delivery


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
# Asked by every lane each second and at each wake-up: building it would cost more than running
# it. The row is chosen in a CTE, which runs once; a subquery could run again and lock more.
_CLAIM = text(
    """
    WITH due AS (
        SELECT notice, side FROM delivery
        WHERE delivered < sequence AND NOT stuck AND room = :room AND due_at <= :now
            AND (claimed_until IS NULL OR claimed_until < :now)
        ORDER BY priority, due_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE delivery SET claimed_until = :until, attempts = attempts + 1
        FROM due WHERE delivery.notice = due.notice AND delivery.side = due.side
        RETURNING delivery.*
    )
    SELECT claimed.*, incident.key_day, incident.key_wrapped, incident.correlation
    FROM claimed JOIN incident ON incident.id = claimed.incident
    """
)


@frozen(kw_only=True)
class Telling:
    """A claimed delivery: the message to hand over now, and how often that was tried.

    ``claimed_until`` tells this claim from a later one on the same row.
    """

    message: Message
    room: str
    centre: str
    attempts: int
    claimed_until: datetime
    correlation: str


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
        """Return the sequence number of the next telling to one side."""
        query = select(_T.c.sequence).where(_T.c.notice == notice, _T.c.side == side)
        return int(self._connection.execute(query).scalar() or 0) + 1

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

    def claim(self, room: str, now: datetime, hold: timedelta) -> Telling | None:
        """Claim the most urgent telling that is due for a room, for the time ``hold``."""
        asked = {"room": room, "now": now, "until": now + hold}
        row = self._connection.execute(_CLAIM, asked).one_or_none()
        return self._telling(row) if row else None

    def settle(self, telling: Telling) -> bool:
        """Note that a side has a telling; return whether that was news.

        What the room has it has, whoever told it: a claim that ran out counts as well, and
        leaves the next one alone.
        """
        sequence = telling.message.sequence
        others = case((self._claimed(telling), None), else_=_T.c.claimed_until)
        result = self._connection.execute(
            update(_T)
            .where(self._row(telling), _T.c.delivered < sequence)
            .values(delivered=sequence, claimed_until=others, attempts=0)
        )
        return bool(result.rowcount)

    def put_off(self, telling: Telling, until: datetime) -> None:
        """Let go of a claim, unless it has run out, and try again later."""
        self._connection.execute(
            update(_T)
            .where(self._claimed(telling))
            .values(claimed_until=None, due_at=func.greatest(_T.c.due_at, until))
        )

    def give_up(self, telling: Telling) -> bool:
        """Note that the room will never take this telling; a newer one is tried again.

        Returns false when the claim has run out: then the next one learns the same.
        """
        result = self._connection.execute(
            update(_T)
            .where(self._claimed(telling))
            .values(claimed_until=None, stuck=_T.c.sequence == telling.message.sequence)
        )
        return bool(result.rowcount)

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

    def _row(self, telling: Telling) -> Any:
        return and_(_T.c.notice == telling.message.notice, _T.c.side == telling.message.side)

    def _claimed(self, telling: Telling) -> Any:
        return and_(self._row(telling), _T.c.claimed_until == telling.claimed_until)

    def _telling(self, row: Row[Any]) -> Telling:
        return Telling(
            message=self._message(row),
            room=row.room,
            centre=row.centre,
            attempts=row.attempts,
            claimed_until=row.claimed_until,
            correlation=row.correlation,
        )

    def _message(self, row: Row[Any]) -> Message:
        try:
            key = self._keys.open(WrappedKey(row.key_day, row.key_wrapped)) if row.sealed else None
            return join_message(row.message, row.sealed, key)
        except Refused:
            # The key is gone, erased or lost. One such telling must not hold up its whole room.
            return join_message(row.message, None, None)


def _overdue(row: Row[Any]) -> Overdue:
    return Overdue(
        notice=row.notice,
        incident=row.incident,
        side=Side(row.side),
        centre=row.centre,
        sequence=row.sequence,
        told_at=row.told_at,
    )
