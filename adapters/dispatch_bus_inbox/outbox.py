"""Pages out of a room's outbox. What was pulled stays with the broker until it is confirmed."""

from __future__ import annotations

import secrets
import time

from dispatch_bus.sdk.adapter import RawPage
from dispatch_bus.sdk.amqp import Access, Connection, Delivery
from dispatch_bus.sdk.mailbox import Mailbox
from dispatch_bus_inbox.envelopes import record_of

# As long as somebody pulls, it is within a few seconds; then another process may be the reader.
_IDLE_S = 15.0
_PREFETCH = 500
_NOTHING_YET = "0"


class Outbox:
    """Reads a room's outbox, and what left its inbox unread, as pages behind a cursor.

    A cursor names the connection and a message's number on it. On another connection the broker
    sends all that was never confirmed once more, so an older cursor begins there from the start.
    """

    def __init__(self, access: Access, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._mark = secrets.token_hex(8)
        self._generation = 0
        self._held: list[Delivery] = []
        self._connection = Connection(
            access,
            f"dispatch-bus reads {mailbox.outbox}",
            queues=(mailbox.outbox, mailbox.unread),
            prefetch=_PREFETCH,
            idle_s=_IDLE_S,
        )

    def pull(self, cursor: str | None, limit: int, wait_s: float) -> RawPage:
        """Return the messages after ``cursor``; with none, wait up to ``wait_s`` seconds."""
        deadline = time.monotonic() + wait_s
        fresh = self._after(cursor)
        while not fresh:
            left_s = deadline - time.monotonic()
            self._gather(max(left_s, 0.0))
            fresh = self._after(cursor)
            if left_s <= 0:
                break
        page = fresh[:limit]
        records = tuple(record_of(one, self._mailbox) for one in page)
        return RawPage(cursor=self._cursor(page[-1]) if page else _asked(cursor), records=records)

    def confirm(self, cursor: str) -> None:
        """Let the broker forget everything up to ``cursor``; if it is an older one, nothing."""
        last = self._number(cursor)
        if last:
            self._connection.acknowledge(self._generation, last, multiple=True)
            self._held = [one for one in self._held if one.tag > last]

    def close(self) -> None:
        """Let go of the connection, and so of what is not confirmed."""
        self._connection.close()

    def _gather(self, wait_s: float) -> None:
        try:
            arrived = self._connection.receive(wait_s)
        finally:
            generation = self._connection.generation
            if generation != self._generation:
                self._generation, self._held = generation, []
        # It may have connected again since they arrived; then they come once more.
        self._held += [one for one in arrived if one.generation == generation]

    def _after(self, cursor: str | None) -> list[Delivery]:
        last = self._number(cursor)
        return [one for one in self._held if one.tag > last]

    def _cursor(self, delivery: Delivery) -> str:
        return f"{self._mark}.{delivery.generation}.{delivery.tag}"

    def _number(self, cursor: str | None) -> int:
        """Return a cursor's number on the present connection; 0 if it is of another."""
        connection, _, number = (cursor or _NOTHING_YET).rpartition(".")
        return int(number) if connection == f"{self._mark}.{self._generation}" else 0


def _asked(cursor: str | None) -> str:
    return _NOTHING_YET if cursor is None else cursor
