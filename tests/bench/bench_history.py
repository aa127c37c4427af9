"""Fills a store with history: what it holds at first, copied on the server as often as wanted.

Every copy has ids and case numbers of its own, and a row in every table that its original is in,
the journal with its numbers and its tree among them. What is copied has to be finished: decided,
delivered and sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from dispatch_bus.journal.merkle import Frontier
from dispatch_bus.store.journal import PARTITION

# What tells a copy from its original: for each table, the columns that change, as SQL of the
# original's row ``o`` and the number ``k`` of the copy.
_ID = "md5(o.{}::text || k)::uuid"
_CHANGES: Mapping[str, Mapping[str, str]] = {
    "incident": {"id": _ID.format("id"), "number": "o.number || '/' || k", "is_open": "false"},
    "incident_record": {"incident": _ID.format("incident")},
    # History is over: a copy that stayed open would expire while others are measured.
    "notice": {
        "id": _ID.format("id"),
        "incident": _ID.format("incident"),
        "state": "'closed'",
        "closed_at": "o.opened_at",
        "deadline": "NULL",
        "leaving_since": "NULL",
    },
    "delivery": {"notice": _ID.format("notice"), "incident": _ID.format("incident")},
    "journal": {
        "number": "o.number + %(size)s + (k - %(first)s) * %(entries)s",
        "incident": _ID.format("incident"),
        "notice": _ID.format("notice"),
    },
}
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_INCIDENTS_AT_ONCE = 50_000


class History:
    """The originals, set aside, and how many copies of them there are.

    Made while nothing but the originals is in the store.
    """

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        for table in _CHANGES:
            self._connection.execute(f"CREATE TABLE original_{table} AS TABLE {table}")
        query = "SELECT leaf FROM original_journal ORDER BY number"
        self._leaves = [bytes(row[0]) for row in self._connection.execute(query)]
        (self._originals,) = self._one("SELECT count(*) FROM original_incident")
        self._copies = 0

    def grow(self, incidents: int) -> int:
        """Copy until there are at least so many incidents; return how many originals and copies.

        Nothing may be under way meanwhile.
        """
        wanted = -(-incidents // self._originals) - 1
        while self._copies < wanted:
            more = min(max(1, _INCIDENTS_AT_ONCE // self._originals), wanted - self._copies)
            self._copy(self._copies + 1, self._copies + more)
            self._copies += more
        self._connection.execute("VACUUM ANALYZE")
        return int(self._originals * (self._copies + 1))

    def megabytes(self) -> int:
        """Return how large the database is."""
        (size,) = self._one("SELECT pg_database_size(current_database())")
        return int(size) // 1_000_000

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _copy(self, first: int, last: int) -> None:
        entries = len(self._leaves)
        with self._connection.transaction():
            # Keeps a sealer out, which would give the same numbers.
            self._connection.execute("LOCK TABLE journal IN SHARE ROW EXCLUSIVE MODE")
            size, hashes = self._one("SELECT size, frontier FROM journal_tree")
            frontier = Frontier.from_json({"size": size, "hashes": hashes})
            for _ in range(first, last + 1):
                frontier = frontier.extend(self._leaves)
            self._make_partitions(frontier.size)
            told = {"first": first, "last": last, "size": size, "entries": entries}
            for table, changes in _CHANGES.items():
                self._connection.execute(self._statement(table, changes), told)
            self._connection.execute(
                "UPDATE journal_tree SET size = %s, frontier = %s",
                (frontier.size, json.dumps(frontier.to_json()["hashes"])),
            )

    def _statement(self, table: str, changes: Mapping[str, str]) -> sql.Composed:
        names = [name for (name,) in self._connection.execute(_COLUMNS, [table])]
        values = [changes.get(name, f'o."{name}"') for name in names]
        return sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM {originals} o"
            " CROSS JOIN generate_series(%(first)s::int, %(last)s::int) k"
        ).format(
            table=sql.Identifier(table),
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            values=sql.SQL(", ").join(map(sql.SQL, values)),
            originals=sql.Identifier(f"original_{table}"),
        )

    def _make_partitions(self, numbers: int) -> None:
        for first in range(1, numbers + 1, PARTITION):
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS journal_from_{first} PARTITION OF journal"
                f" FOR VALUES FROM ({first}) TO ({first + PARTITION})"
            )

    def _one(self, query: str) -> Any:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return row
