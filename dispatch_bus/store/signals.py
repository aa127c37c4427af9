"""Leases, answered questions and wake-ups: the small rows that keep processes in step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import attrs
from attrs import frozen
from sqlalchemy import delete, select, update

from dispatch_bus.store import tables
from dispatch_bus.store.session import Row, Session, write_to


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


@frozen
class Held:
    """A lease that some process holds, and who else asks for it."""

    name: str
    wanted_by: str | None


_WANT = "want/"
# The server itself looks every 5 ms for up to half a second: that finds a wake-up sooner than
# asking it again and again, for a tenth of the cost.
_AWAIT = """
    DO $$ BEGIN
        FOR look IN 1..100 LOOP
            PERFORM FROM wakeup LIMIT 1 FOR UPDATE SKIP LOCKED;
            EXIT WHEN FOUND;
            PERFORM pg_sleep(0.005);
        END LOOP;
    END $$
"""
_TAKE = """
    WITH first AS (SELECT id FROM wakeup ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    DELETE FROM wakeup USING first WHERE wakeup.id = first.id
    RETURNING kind, lane, reference, revision, correlation
"""
# Whoever is woken works until nothing is left: one wake-up for a loop is as good as many.
_WAKE = write_to(tables.wakeup, key=("kind", "lane"))
_LEASE = """
    INSERT INTO lease (name, holder, until) VALUES (%(name)s, %(holder)s, %(until)s)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE lease.holder = excluded.holder OR lease.until < %(now)s
    RETURNING (
        SELECT want.holder FROM lease want WHERE want.name = %(want)s || lease.name
            AND want.until >= %(now)s AND want.holder <> lease.holder
    ) AS wanted_by
"""
_SURPLUS = """
    WITH held AS (
        SELECT holder, count(*) AS leases FROM lease
        WHERE name = ANY(%(names)s) AND until >= %(now)s GROUP BY holder
    ), more AS (
        SELECT holder, leases FROM held
        WHERE leases > 1 + coalesce((SELECT leases FROM held WHERE holder = %(holder)s), 0)
            AND EXISTS (SELECT FROM process WHERE holder = %(holder)s AND started_at <= %(since)s)
    )
    SELECT lease.name, want.holder AS wanted_by FROM lease JOIN more USING (holder)
    LEFT JOIN lease want ON want.name = %(want)s || lease.name AND want.until >= %(now)s
    WHERE lease.name = ANY(%(names)s) AND lease.until >= %(now)s
    ORDER BY more.leases DESC, lease.holder, lease.name
"""
_ANSWER = write_to(tables.answer)
_ANSWERS = "SELECT notice, id FROM answer WHERE notice = ANY(%(ids)s::uuid[])"


class Signals:
    """Takes leases, counts answers once and leaves wake-ups, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._answers: dict[UUID, set[str]] = session.memory()

    def lease(self, name: str, holder: str, now: datetime, hold: timedelta) -> Held | None:
        """Take or renew a lease by the database's clock; none while another holds it."""
        asked = {"name": name, "holder": holder, "now": now, "until": now + hold, "want": _WANT}
        rows = self._session.ask(_LEASE, asked)
        return Held(name, rows[0]["wanted_by"]) if rows else None

    def renew(self, holder: str, now: datetime, hold: timedelta) -> None:
        """Prolong the leases that a holder still has; one that ran out may be another's by now.

        What it wants of others it has to ask for again.
        """
        lease = tables.lease
        mine = update(lease).where(lease.c.holder == holder, lease.c.until >= now)
        self._session.execute(mine.where(~lease.c.name.startswith(_WANT)).values(until=now + hold))

    def surplus(
        self, names: Iterable[str], holder: str, now: datetime, since: datetime
    ) -> list[Held]:
        """Return which of these leases are with those who have two more than this holder.

        They come in the order in which to ask for them; none to a process that has not been at work
        since ``since``.
        """
        asked = {"names": list(names), "holder": holder, "now": now, "since": since, "want": _WANT}
        return [Held(**row) for row in self._session.ask(_SURPLUS, asked)]

    def want(self, name: str, holder: str, now: datetime, hold: timedelta) -> bool:
        """Ask whoever holds a lease for it, for a while; false while another does."""
        return self.lease(_WANT + name, holder, now, hold) is not None

    def hand_over(self, held: Held, holder: str, now: datetime, hold: timedelta) -> None:
        """Give a lease that ``holder`` has to whoever wants it."""
        lease = tables.lease
        mine = update(lease).where(lease.c.name == held.name, lease.c.holder == holder)
        self._session.execute(mine.values(holder=held.wanted_by, until=now + hold))
        self._session.execute(delete(lease).where(lease.c.name == _WANT + held.name))

    def release(self, holder: str) -> None:
        """End the leases of a holder that works no more."""
        lease = tables.lease
        self._session.execute(delete(lease).where(lease.c.holder == holder))

    def held(self, now: datetime) -> frozenset[str]:
        """Return the names of the leases that some process holds now."""
        lease = tables.lease
        names = self._session.execute(select(lease.c.name).where(lease.c.until >= now))
        return frozenset(names.scalars())

    def foresee_answers(self, notices: Iterable[UUID]) -> None:
        """Read with the next question which answers to these notices were taken.

        Their incidents are locked.
        """
        self._answers |= {notice: set() for notice in notices}
        asked = {"ids": list(self._answers)}
        if self._answers:
            self._session.foresee(_ANSWERS, asked, self._note_answer)

    def _note_answer(self, row: Row) -> None:
        self._answers[row["notice"]].add(row["id"])

    def first_time(self, answer: str, notice: UUID, at: datetime) -> bool:
        """Note an answer to a notice by its id; false when it has been taken before."""
        if notice not in self._answers:
            self.foresee_answers([notice])
        self._session.settle()
        if answer in self._answers[notice]:
            return False
        self._answers[notice].add(answer)
        self._session.later(_ANSWER, {"notice": notice, "id": answer, "taken_at": at})
        return True

    def wake(self, wakeups: Iterable[Wakeup]) -> None:
        """Leave wake-ups; they become visible when the transaction commits."""
        for one in wakeups:
            self._session.later(_WAKE, attrs.asdict(one))

    def await_wakeups(self) -> None:
        """Let what is taken next wait until there is something, for half a second at most."""
        self._session.foresee(_AWAIT, {})

    def take_wakeups(self, limit: int) -> list[Wakeup]:
        """Take wake-ups off the table, for whoever is to publish them."""
        return [Wakeup(**row) for row in self._session.ask(_TAKE, {"most": limit})]
