"""Claims: tellings on their way to a room, taken by one worker at a time and settled in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from attrs import frozen

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.message import Message
from dispatch_bus.domain.notice import Side
from dispatch_bus.store import tables
from dispatch_bus.store.keys import KeyRing, WrappedKey
from dispatch_bus.store.sealing import join_message
from dispatch_bus.store.session import Row, Session

_log = structlog.get_logger(__name__)
_COLUMNS = tables.columns(tables.delivery)
# Asked by every lane each second and at each wake-up: building it would cost more than running
# it. The rows are chosen in a CTE, which runs once; a subquery could run again and lock more.
_CLAIM = f"""
    WITH due AS (
        SELECT notice, side FROM delivery
        WHERE delivered < sequence AND NOT stuck AND room = %(room)s
            AND due_at <= statement_timestamp()
            AND (claimed_until IS NULL OR claimed_until < statement_timestamp())
            AND attempts <= coalesce(%(most_tried)s::integer, attempts)
        ORDER BY priority, due_at
        LIMIT %(most)s
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE delivery
        SET claimed_until = statement_timestamp() + %(hold)s, attempts = attempts + 1
        FROM due WHERE delivery.notice = due.notice AND delivery.side = due.side
        RETURNING {_COLUMNS}
    )
    SELECT claimed.*, incident.key_day, incident.key_wrapped, incident.correlation
    FROM claimed JOIN incident ON incident.id = claimed.incident
    ORDER BY claimed.priority, claimed.due_at
    """  # noqa: S608
_LOCK = "SELECT id FROM incident WHERE id = ANY(%(incidents)s::uuid[]) ORDER BY id FOR UPDATE"
# What became of several tellings is written in one statement each. A claim that has run out is
# none any more: the row may be claimed by another by now. Where a newer telling has joined the one
# that arrives, its wait begins then, and has an alarm of its own.
_SETTLE = """
    UPDATE delivery SET delivered = told.sequence, attempts = 0,
        alarmed = least(alarmed, told.sequence),
        told_at = CASE WHEN delivery.sequence > told.sequence
            THEN statement_timestamp() ELSE told_at END,
        claimed_until = CASE WHEN claimed_until = told.claim THEN NULL ELSE claimed_until END
    FROM unnest(
        %(notices)s::uuid[], %(sides)s::text[], %(sequences)s::integer[],
        %(claims)s::timestamptz[]
    ) AS told(notice, side, sequence, claim)
    WHERE delivery.notice = told.notice AND delivery.side = told.side
        AND delivered < told.sequence
    RETURNING delivery.notice, delivery.side
    """
_PUT_OFF = """
    UPDATE delivery SET claimed_until = NULL,
        due_at = CASE WHEN delivery.sequence = told.sequence
            THEN greatest(due_at, told.until) ELSE due_at END
    FROM unnest(
        %(notices)s::uuid[], %(sides)s::text[], %(sequences)s::integer[],
        %(claims)s::timestamptz[], %(untils)s::timestamptz[]
    ) AS told(notice, side, sequence, claim, until)
    WHERE delivery.notice = told.notice AND delivery.side = told.side
        AND claimed_until = told.claim
    RETURNING delivery.notice, delivery.side
    """
_GIVE_UP = """
    UPDATE delivery SET claimed_until = NULL, stuck = delivery.sequence = told.sequence
    FROM unnest(
        %(notices)s::uuid[], %(sides)s::text[], %(sequences)s::integer[],
        %(claims)s::timestamptz[]
    ) AS told(notice, side, sequence, claim)
    WHERE delivery.notice = told.notice AND delivery.side = told.side
        AND claimed_until = told.claim
    RETURNING delivery.notice, delivery.side
    """
_IN_INBOX = f"""
    SELECT {_COLUMNS}, incident.key_day, incident.key_wrapped, incident.correlation
    FROM delivery JOIN incident ON incident.id = delivery.incident
    WHERE notice = %(notice)s AND side = %(side)s AND delivery.room = %(room)s
    """  # noqa: S608
_TAKE_BACK = """
    UPDATE delivery SET stuck = %(stuck)s, due_at = %(now)s, attempts = 0
    WHERE notice = %(notice)s AND side = %(side)s AND sequence = %(sequence)s
        AND delivered < sequence
    """


@frozen(kw_only=True)
class Telling:
    """A claimed delivery: the message to hand over now, and how often that was tried.

    ``claimed_until`` tells this claim from a later one on the same row; none, and nobody claims it.
    """

    message: Message
    room: str
    centre: str
    attempts: int
    claimed_until: datetime | None
    correlation: str

    @property
    def row(self) -> tuple[UUID, Side]:
        """The row that was claimed: notice and side."""
        return self.message.notice, self.message.side


class Claims:
    """Takes tellings off what is due, and notes what became of them, within one transaction."""

    def __init__(self, session: Session, keys: KeyRing) -> None:
        self._session = session
        self._keys = keys
        self._rows: dict[str, list[Row]] = session.memory()
        self._news: dict[tuple[UUID, Side], bool] = session.memory()

    def claim(
        self, room: str, hold: timedelta, most: int, *, most_tried: int | None = None
    ) -> None:
        """Claim with the next question the most urgent tellings that are due for a room.

        Up to ``most``, for the time ``hold``; ``most_tried`` leaves out what had more attempts.
        """
        self._rows[room] = []
        asked = {"room": room, "hold": hold, "most": most, "most_tried": most_tried}
        self._session.foresee(_CLAIM, asked, self._rows[room].append)

    def claimed(self, room: str) -> list[Telling]:
        """Return what was claimed for a room, most urgent first."""
        self._session.settle()
        read = map(self._telling, self._rows.get(room, ()))
        return [telling for telling in read if telling]

    def lock_incidents(self, tellings: Iterable[Telling]) -> None:
        """Lock the incidents that tellings are about, in the one order in which all lock them."""
        incidents = sorted({one.message.incident for one in tellings})
        self._session.foresee(_LOCK, {"incidents": incidents})

    def settle(self, tellings: Sequence[Telling]) -> None:
        """Note with the next question that their sides have these tellings.

        What the room has it has, whoever told it: a claim that ran out counts as well, and
        leaves the next one alone.
        """
        self._session.foresee(_SETTLE, _told(tellings), self._note_news)

    def news(self) -> set[tuple[UUID, Side]]:
        """Return the rows to which what was settled last was news."""
        self._session.settle()
        found = set(self._news)
        self._news.clear()
        return found

    def _note_news(self, row: Row) -> None:
        self._news[row["notice"], Side(row["side"])] = True

    def put_off(
        self, tellings: Sequence[Telling], untils: Sequence[datetime]
    ) -> set[tuple[UUID, Side]]:
        """Let go of claims that have not run out, and try again, each at its time.

        A newer telling, which nobody has handed over yet, stays due. Returns the rows whose claim
        has not run out: where it has, this was noted before, or another attempt is on its way.
        """
        return self._write(_PUT_OFF, tellings, untils=list(untils))

    def give_up(self, tellings: Sequence[Telling]) -> set[tuple[UUID, Side]]:
        """Note that the room will never take these tellings; newer ones are tried again.

        Returns the rows whose claim has not run out: where it has, the next one learns the same.
        """
        return self._write(_GIVE_UP, tellings)

    def in_inbox(self, notice: UUID, side: Side, room: str) -> Telling | None:
        """Return the newest telling to one side, if it is one of this room; claimed or not."""
        asked = {"notice": notice, "side": side, "room": room}
        rows = self._session.ask(_IN_INBOX, asked)
        return self._telling(rows[0]) if rows else None

    def take_back(self, telling: Telling, now: datetime, *, stuck: bool) -> None:
        """Note that nobody took a telling out of the inbox: it is due again, or never more."""
        notice, side = telling.row
        asked = {"notice": notice, "side": side, "sequence": telling.message.sequence}
        self._session.tell(_TAKE_BACK, asked | {"now": now, "stuck": stuck})

    def _write(
        self, statement: str, tellings: Sequence[Telling], **more: object
    ) -> set[tuple[UUID, Side]]:
        rows = self._session.ask(statement, _told(tellings) | more)
        return {(row["notice"], Side(row["side"])) for row in rows}

    def _telling(self, row: Row) -> Telling | None:
        """Read a claimed row. One that cannot be read holds up no other: it will be overdue."""
        try:
            message = self._message(row)
        except Refused as reason:
            _log.error("a telling cannot be read", notice=str(row["notice"]), field=reason.field)
            return None
        return Telling(
            message=message,
            room=row["room"],
            centre=row["centre"],
            attempts=row["attempts"],
            claimed_until=row["claimed_until"],
            correlation=row["correlation"],
        )

    def _message(self, row: Row) -> Message:
        try:
            key = (
                self._keys.open(WrappedKey(row["key_day"], row["key_wrapped"]))
                if row["sealed"]
                else None
            )
            return join_message(row["message"], row["sealed"], key)
        except Refused:
            # The key is gone, erased or lost. One such telling must not hold up its whole room.
            return join_message(row["message"], None, None)


def _told(tellings: Sequence[Telling]) -> dict[str, Any]:
    return {
        "notices": [one.message.notice for one in tellings],
        "sides": [one.message.side.value for one in tellings],
        "sequences": [one.message.sequence for one in tellings],
        "claims": [one.claimed_until for one in tellings],
    }
