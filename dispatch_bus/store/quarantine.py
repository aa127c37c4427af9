"""Quarantine: records that cannot be understood, whole, with their reason, to be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Row, insert, select, update

from dispatch_bus.domain.errors import Refused, Unknown
from dispatch_bus.store import tables
from dispatch_bus.store.keys import KeyRing, WrappedKey
from dispatch_bus.store.paging import Mark, newest_first
from dispatch_bus.store.session import Session

_T = tables.quarantine


MOST = 10_000
"""Of so many records it is worth knowing how many exactly."""

# The order names the index: the planner cannot know which states are rare.
_COUNTS = """
    SELECT state, (
        SELECT count(*) FROM (
            SELECT FROM quarantine WHERE quarantine.state = asked.state
            ORDER BY received_at LIMIT %(most)s
        ) AS held
    ) FROM unnest(%(states)s::text[]) AS asked (state)
"""
_LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"


class QuarantineState(StrEnum):
    """Where a quarantined record stands."""

    WAITING = "waiting"
    REPLAYING = "replaying"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"


@frozen(kw_only=True)
class Quarantined:
    """A record in quarantine. Its bytes are sealed, for nobody knows what they hold."""

    id: UUID
    room: str
    record: str
    state: QuarantineState
    field: str
    remedy: str
    bytes: int
    correlation: str
    received_at: datetime
    settled_at: datetime | None = None


class Quarantine:
    """Keeps, shows and settles quarantined records within one transaction."""

    def __init__(self, session: Session, keys: KeyRing) -> None:
        self._session = session
        self._keys = keys

    def add(self, record: Quarantined, raw: bytes, key: WrappedKey) -> None:
        """Keep a record with its raw bytes."""
        self._session.execute(
            insert(_T).values(
                id=record.id,
                room=record.room,
                record=record.record,
                state=record.state,
                field=record.field,
                remedy=record.remedy,
                bytes=record.bytes,
                raw=self._keys.open(key).seal(raw, about=record.id.bytes),
                key_day=key.day,
                key_wrapped=key.wrapped,
                correlation=record.correlation,
                received_at=record.received_at,
            )
        )

    def lock_name(self, room: str, record: str) -> None:
        """Let nobody else look for a record of this name until this transaction has ended.

        Whoever locks several takes them in the order of their names.
        """
        self._session.foresee(_LOCK_NAME, {"name": f"{room}/{record}"})

    def find(self, room: str, record: str, raw: bytes) -> Quarantined | None:
        """Return what is kept of a record with these very bytes, in whatever state."""
        same = (_T.c.room == room, _T.c.record == record, _T.c.bytes == len(raw))
        rows = self._session.execute(select(_T).where(*same))
        return next((_record(row) for row in rows if self._is_of(row, raw)), None)

    def _is_of(self, row: Row[Any], raw: bytes) -> bool:
        try:
            key = self._keys.open(WrappedKey(row.key_day, row.key_wrapped))
            return key.unseal(row.raw, about=row.id.bytes) == raw
        except Refused:
            # Erased, or its key is lost: what it was nobody can tell, so this is another one.
            return False

    def page(
        self, state: QuarantineState | None, before: Mark | None, limit: int
    ) -> Sequence[Quarantined]:
        """Return the newest records, of one state or all, from a mark on."""
        query = newest_first(select(_T), _T.c.received_at, _T.c.id, before, limit)
        query = query if state is None else query.where(_T.c.state == state)
        return [_record(row) for row in self._session.execute(query)]

    def lock(self, record: UUID) -> Quarantined:
        """Return and lock one record; refuse an id that is none's."""
        return _record(self._row(record, lock=True))

    def bytes_of(self, record: UUID) -> bytes:
        """Return the bytes to be read: the mended ones where a person has mended them."""
        row = self._row(record)
        key = self._keys.open(WrappedKey(row.key_day, row.key_wrapped))
        return key.unseal(row.mended or row.raw, about=row.id.bytes)

    def replay(self, record: UUID, mended: bytes | None) -> None:
        """Ask for a record to be read again, with mended bytes where given.

        Raises:
            Erased: its key was destroyed, so there is nothing left to read.
            Refused: its key is lost.
        """
        row = self._row(record)
        values: dict[str, Any] = {"state": QuarantineState.REPLAYING, "settled_at": None}
        key = self._keys.open(WrappedKey(row.key_day, row.key_wrapped))
        if mended is not None:
            values["mended"] = key.seal(mended, about=row.id.bytes)
        self._session.execute(update(_T).where(_T.c.id == record).values(values))

    def rooms_replaying(self) -> frozenset[str]:
        """Return the rooms of the records that are to be read again."""
        query = select(_T.c.room).where(_T.c.state == QuarantineState.REPLAYING).distinct()
        return frozenset(self._session.execute(query).scalars())

    def replaying(self, room: str, limit: int) -> Sequence[Quarantined]:
        """Return and lock the records of a room that are to be read again, oldest first."""
        query = (
            select(_T)
            .where(_T.c.room == room, _T.c.state == QuarantineState.REPLAYING)
            .order_by(_T.c.received_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_record(row) for row in self._session.execute(query)]

    def settle(self, record: UUID, state: QuarantineState, at: datetime) -> None:
        """End a record's stay."""
        values = {"state": state, "settled_at": at}
        self._session.execute(update(_T).where(_T.c.id == record).values(values))

    def return_(self, record: UUID, reason: Refused) -> None:
        """Keep a record that was read again in vain, with its new reason."""
        self._session.execute(
            update(_T)
            .where(_T.c.id == record)
            .values(state=QuarantineState.WAITING, field=reason.field, remedy=reason.remedy)
        )

    def counts(self) -> dict[str, int]:
        """Return how many records are in each state; of each it stops counting at 10,000."""
        asked = {"states": list(QuarantineState), "most": MOST}
        return {row["state"]: row["count"] for row in self._session.ask(_COUNTS, asked)}

    def _row(self, record: UUID, *, lock: bool = False) -> Row[Any]:
        query = select(_T).where(_T.c.id == record)
        query = query.with_for_update() if lock else query
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise Unknown("quarantine", str(record), "Use an id that 'quarantine list' shows.")
        return row


def _record(row: Row[Any]) -> Quarantined:
    return Quarantined(
        id=row.id,
        room=row.room,
        record=row.record,
        state=QuarantineState(row.state),
        field=row.field,
        remedy=row.remedy,
        bytes=row.bytes,
        correlation=row.correlation,
        received_at=row.received_at,
        settled_at=row.settled_at,
    )
