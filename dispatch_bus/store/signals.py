"""Leases, answered questions and wake-ups: the small rows that keep processes in step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, delete, or_, select, text, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from dispatch_bus.store import tables


@frozen(kw_only=True)
class Wakeup:
    """A reference to work that has come up. Losing one costs latency, nothing else.

    ``lane`` names the one loop that it is for, a room's say; it is empty where there is but one.
    """

    kind: str
    lane: str
    reference: str
    revision: int
    correlation: str


# Asked fifty times a second: building it would cost more than running it.
_TAKE = text(
    """
    WITH first AS (SELECT id FROM wakeup ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
    DELETE FROM wakeup USING first WHERE wakeup.id = first.id RETURNING wakeup.*
    """
)


class Signals:
    """Takes leases, counts answers once and leaves wake-ups, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lease(self, name: str, holder: str, now: datetime, hold: timedelta) -> bool:
        """Take or renew a lease by the database's clock; false while another holds it."""
        lease = tables.lease
        statement = insert(lease).values(name=name, holder=holder, until=now + hold)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "until": now + hold},
            where=or_(lease.c.holder == holder, lease.c.until < now),
        )
        return self._wrote(statement.returning(lease.c.name))

    def renew(self, holder: str, now: datetime, hold: timedelta) -> None:
        """Prolong the leases that a holder still has; one that ran out may be another's by now."""
        lease = tables.lease
        mine = update(lease).where(lease.c.holder == holder, lease.c.until >= now)
        self._connection.execute(mine.values(until=now + hold))

    def release(self, holder: str) -> None:
        """End the leases of a holder that works no more."""
        lease = tables.lease
        self._connection.execute(delete(lease).where(lease.c.holder == holder))

    def held(self, now: datetime) -> frozenset[str]:
        """Return the names of the leases that some process holds now."""
        lease = tables.lease
        names = self._connection.execute(select(lease.c.name).where(lease.c.until >= now))
        return frozenset(names.scalars())

    def first_time(self, answer: str, notice: UUID, at: datetime) -> bool:
        """Note an answer to a notice by its id; false when it has been taken before."""
        row = {"id": answer, "notice": notice, "taken_at": at}
        statement = insert(tables.answer).values(row).on_conflict_do_nothing()
        return self._wrote(statement.returning(tables.answer.c.id))

    def wake(self, wakeups: Sequence[Wakeup]) -> None:
        """Leave wake-ups; they become visible when the transaction commits."""
        if wakeups:
            rows = [
                {
                    "kind": one.kind,
                    "lane": one.lane,
                    "reference": one.reference,
                    "revision": one.revision,
                    "correlation": one.correlation,
                }
                for one in wakeups
            ]
            self._connection.execute(plain_insert(tables.wakeup), rows)

    def _wrote(self, statement: ReturningInsert[Any]) -> bool:
        # The driver's count of rows is kept for updates alone: an insert that did nothing shows
        # in what it returns.
        return self._connection.execute(statement).first() is not None

    def take_wakeups(self, limit: int) -> list[Wakeup]:
        """Take wake-ups off the table, for whoever is to publish them."""
        rows = self._connection.execute(_TAKE, {"most": limit})
        return [
            Wakeup(
                kind=row.kind,
                lane=row.lane,
                reference=row.reference,
                revision=row.revision,
                correlation=row.correlation,
            )
            for row in rows
        ]
