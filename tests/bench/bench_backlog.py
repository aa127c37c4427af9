"""Whether anything is under way, asked so that the answer costs the bus nothing."""

from __future__ import annotations

import time

import psycopg
from servers.waiting import wait_for

# Each of these is the first row of an index, however much the store holds. The order names it: by
# its own lights the planner would read the whole table, thirty times a second.
_UNDER_WAY = """
    SELECT (SELECT true FROM incident WHERE decided_revision < revision
            ORDER BY priority, recorded_at LIMIT 1),
        (SELECT true FROM delivery
         WHERE delivered < sequence AND NOT stuck AND room IS NOT NULL
         ORDER BY room, priority, due_at LIMIT 1),
        (SELECT true FROM journal_pending ORDER BY id LIMIT 1),
        (SELECT coalesce(sum(records), 0) FROM room)
"""
_PATIENCE_S = 600.0


class Backlog:
    """Looks at one database, on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def records(self) -> int:
        """Return how many records have been pulled from all rooms."""
        return int(self._look()[1])

    def wait_until_flat(self, records: int) -> float:
        """Wait until so many records are in, and decided, delivered and sealed.

        Returns the time at which that was so, in POSIX seconds.
        """

        def is_flat() -> float | None:
            is_under_way, pulled = self._look()
            return time.time() if pulled >= records and not is_under_way else None

        return wait_for(is_flat, f"{records} records have gone all the way", _PATIENCE_S)

    def _look(self) -> tuple[bool, int]:
        row = self._connection.execute(_UNDER_WAY).fetchone()
        assert row is not None
        *under_way, records = row
        return any(under_way), int(records)
