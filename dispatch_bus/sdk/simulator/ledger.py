"""The room's durable log: what it sent and received, and what its people are about to do.

One SQLite file, ``room.sqlite``. Each transaction is on disk before anyone is told of it, so a
killed room goes on where it was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from attrs import frozen

from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk.simulator.telling import Telling

FILE_NAME = "room.sqlite"

_TABLES = """
CREATE TABLE IF NOT EXISTS sent (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL,
    number TEXT, revision INTEGER, body TEXT NOT NULL, available TEXT NOT NULL, flaw TEXT);
CREATE TABLE IF NOT EXISTS pulled (seq INTEGER PRIMARY KEY, first_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS confirmed (only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq INTEGER NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS received (
    id TEXT PRIMARY KEY, notice TEXT NOT NULL, side TEXT NOT NULL, sequence INTEGER NOT NULL,
    act TEXT NOT NULL, body TEXT NOT NULL, received TEXT NOT NULL,
    times_received INTEGER NOT NULL, times_applied INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS received_by_notice ON received (notice, side, sequence);
CREATE TABLE IF NOT EXISTS answers (
    id TEXT PRIMARY KEY, notice TEXT NOT NULL, kind TEXT NOT NULL, case_number TEXT,
    at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS agenda (
    item INTEGER PRIMARY KEY AUTOINCREMENT, due_s REAL NOT NULL, kind TEXT NOT NULL,
    notice TEXT, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS agenda_by_due ON agenda (due_s, item);
CREATE TABLE IF NOT EXISTS clock (only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    elapsed_s REAL NOT NULL);
"""


@frozen(kw_only=True)
class Outgoing:
    """A record that the room makes available."""

    id: str
    kind: str
    body: str
    available: datetime
    number: str | None = None
    revision: int | None = None
    flaw: str | None = None


@frozen
class Due:
    """Something on the agenda whose time has come."""

    item: int
    due_s: float
    kind: str
    payload: JSON


class Ledger:
    """The room's memory. Every method but ``transaction`` belongs into one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # --- the agenda -------------------------------------------------------------------------

    def elapsed_s(self) -> float:
        """Return the seconds of the scenario that have been played."""
        row = self._db.execute("SELECT elapsed_s FROM clock").fetchone()
        return float(row[0]) if row else 0.0

    def note_elapsed(self, elapsed_s: float) -> None:
        """Note how far the scenario has been played."""
        self._db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (elapsed_s,))

    def plan(self, due_s: float, kind: str, payload: JSON, notice: str | None = None) -> None:
        """Put something on the agenda."""
        self._db.execute(
            "INSERT INTO agenda (due_s, kind, notice, payload) VALUES (?, ?, ?, ?)",
            (due_s, kind, notice, json.dumps(payload)),
        )

    def agenda_is_new(self) -> bool:
        """Tell whether nothing has ever been planned."""
        return (
            self._db.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'agenda'").fetchone()
            is None
        )

    def next_due(self, elapsed_s: float) -> Due | None:
        """Take the next thing that is due off the agenda."""
        row = self._db.execute(
            "SELECT item, due_s, kind, payload FROM agenda WHERE due_s <= ? "
            "ORDER BY due_s, item LIMIT 1",
            (elapsed_s,),
        ).fetchone()
        if row is None:
            return None
        self._db.execute("DELETE FROM agenda WHERE item = ?", (row[0],))
        return Due(row[0], row[1], row[2], json.loads(row[3]))

    def is_due(self, elapsed_s: float) -> bool:
        """Tell whether something on the agenda is due."""
        due = self._db.execute("SELECT 1 FROM agenda WHERE due_s <= ? LIMIT 1", (elapsed_s,))
        return due.fetchone() is not None

    def forget_intents(self, notice: str) -> None:
        """Take what people wanted to do about a notice off the agenda."""
        self._db.execute("DELETE FROM agenda WHERE notice = ?", (notice,))

    # --- records going out -------------------------------------------------------------------

    def send(self, record: Outgoing) -> int:
        """Make a record available; return its place in the stream."""
        done = self._db.execute(
            "INSERT INTO sent (id, kind, number, revision, body, available, flaw) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(record.id, record.kind, record.number, record.revision),
                *(record.body, record.available.isoformat(), record.flaw),
            ),
        )
        return int(done.lastrowid or 0)

    def send_again(self, seq: int) -> None:
        """Make a record available once more, under the same id and with the same body."""
        self._db.execute(
            "INSERT INTO sent (id, kind, number, revision, body, available, flaw) "
            "SELECT id, kind, number, revision, body, available, flaw FROM sent WHERE seq = ?",
            (seq,),
        )

    def records_after(self, seq: int, limit: int) -> list[tuple[int, str, str]]:
        """Return place, id and body of at most ``limit`` records."""
        return self._db.execute(
            "SELECT seq, id, body FROM sent WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
        ).fetchall()

    def note_pulled(self, after: int, last: int, at: datetime) -> None:
        """Note when records were first fetched."""
        self._db.execute(
            "INSERT OR IGNORE INTO pulled SELECT seq, ? FROM sent WHERE seq > ? AND seq <= ?",
            (at.isoformat(), after, last),
        )

    def confirm(self, seq: int, at: datetime) -> None:
        """Note that everything up to a record is stored by the bus; never goes back."""
        self._db.execute(
            "INSERT INTO confirmed VALUES (1, ?, ?) ON CONFLICT (only_row) DO UPDATE "
            "SET seq = excluded.seq, at = excluded.at WHERE excluded.seq > confirmed.seq",
            (seq, at.isoformat()),
        )

    def note_answer(self, answer: JSON) -> None:
        """Note what a person has answered."""
        self._db.execute(
            "INSERT INTO answers VALUES (:id, :notice, :kind, :case_number, :at)",
            {"case_number": None, **answer},
        )

    def accepted_as(self, notice: str) -> str | None:
        """Return the case number under which the room has accepted an offer, if it has."""
        row = self._db.execute(
            "SELECT case_number FROM answers WHERE notice = ? AND kind = 'accept'", (notice,)
        ).fetchone()
        return row[0] if row else None

    # --- messages coming in -------------------------------------------------------------------

    def received_before(self, message: str) -> datetime | None:
        """Count a repeated message and return when it first came; none if it never did."""
        row = self._db.execute(
            "UPDATE received SET times_received = times_received + 1 WHERE id = ? "
            "RETURNING received",
            (message,),
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def is_news(self, telling: Telling) -> bool:
        """Tell whether nothing later has been told of the notice to this side."""
        later = self._db.execute(
            "SELECT 1 FROM received WHERE notice = ? AND side = ? AND sequence >= ?",
            (str(telling.notice), telling.side, telling.sequence),
        )
        return later.fetchone() is None

    def is_first(self, telling: Telling) -> bool:
        """Tell whether this act has not been told of the notice to this side."""
        earlier = self._db.execute(
            "SELECT 1 FROM received "
            "WHERE notice = ? AND side = ? AND act = ? AND times_applied > 0",
            (str(telling.notice), telling.side, telling.act),
        )
        return earlier.fetchone() is None

    def keep(self, telling: Telling, body: JSON, at: datetime, *, applied: bool) -> None:
        """Keep a message that has not come before."""
        self._db.execute(
            "INSERT INTO received VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
            (
                *(telling.id, str(telling.notice), telling.side, telling.sequence, telling.act),
                *(json.dumps(body), at.isoformat(), int(applied)),
            ),
        )
