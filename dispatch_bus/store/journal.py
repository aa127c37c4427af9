"""The journal in PostgreSQL: appended without any lock, then sealed in order."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import (
    Connection,
    Select,
    func,
    insert,
    select,
    text,
    union_all,
    update,
)

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.journal.entry import SCHEMA_VERSION, Entry, decode, encode
from dispatch_bus.journal.merkle import Frontier
from dispatch_bus.journal.numbering import number_of
from dispatch_bus.store import tables
from dispatch_bus.store.session import Session

PARTITION = 1_000_000
_COLUMNS = ("kind", "schema_version", "entry", "incident", "notice")
_APPEND = f"""
    INSERT INTO journal_pending ({", ".join(_COLUMNS)})
    SELECT * FROM unnest(%s::text[], %s::int2[], %b::bytea[], %s::uuid[], %s::uuid[])
"""  # noqa: S608
_LOGGED = ("kind", "correlation", "incident", "notice")
# Only entries of transactions that every later snapshot sees are sealed, so no number is ever
# given before a transaction that began earlier has ended.
_SETTLED = """
    SELECT id FROM journal_pending WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY id LIMIT %(limit)s
"""
_TREE = "SELECT epoch, size, frontier FROM journal_tree"
_SET_TREE = "UPDATE journal_tree SET size = %(size)s, frontier = %(frontier)s::jsonb"
# The server moves the entries and hashes them as `leaf_hash` does: their bytes stay there.
_PLACE = """
    WITH placed AS (
        INSERT INTO journal (number, epoch, kind, schema_version, entry, leaf, incident, notice)
        SELECT %(first)s - 1 + row_number() OVER (ORDER BY id), %(epoch)s, kind, schema_version,
            entry, sha256(decode('00', 'hex') || entry), incident, notice
        FROM journal_pending WHERE id = ANY(%(ids)s::bigint[])
        RETURNING number, leaf
    ), gone AS (
        DELETE FROM journal_pending WHERE id = ANY(%(ids)s::bigint[])
    )
    SELECT leaf FROM placed ORDER BY number
"""
_MOST_WAITING = 100_000
_LAST_CHECKPOINT = "SELECT size, at FROM checkpoint ORDER BY size DESC LIMIT 1"


@frozen(kw_only=True)
class About:
    """What an entry is about; ``correlation`` follows one record from pull to delivery."""

    correlation: str
    incident: UUID | None = None
    notice: UUID | None = None
    mode: Mode = Mode.ACTUAL


@frozen(kw_only=True)
class Sealed:
    """Ciphertext of personal fields, with the retention day whose key opens it."""

    ciphertext: bytes
    key: str


@frozen
class Numbered:
    """An entry in its final place."""

    number: int
    epoch: int
    schema_version: int
    entry: bytes
    leaf: bytes


class Journal:
    """Appends to, seals and reads the journal within one transaction."""

    def __init__(self, session: Session, actor: str) -> None:
        self._session = session
        self._actor = actor
        self._pending: list[dict[str, Any]] = []
        self.written: list[dict[str, str]] = []
        """What was written, for the process's log: kinds and ids, never facts."""

    def append(
        self, at: datetime, about: About, happening: Happening, sealed: Sealed | None = None
    ) -> None:
        """Note what happened; it is written when the transaction's work is flushed."""
        entry = Entry(
            kind=happening.kind,
            at=at,
            mode=about.mode,
            incident=about.incident,
            notice=about.notice,
            correlation=about.correlation,
            actor=self._actor,
            facts=happening.facts,
            sealed=base64.b64encode(sealed.ciphertext).decode() if sealed else None,
            key=sealed.key if sealed else None,
        )
        self._pending.append(
            {
                "kind": happening.kind.value,
                "schema_version": SCHEMA_VERSION,
                "entry": encode(entry),
                "incident": about.incident,
                "notice": about.notice,
                "correlation": about.correlation,
            }
        )

    def flush(self) -> None:
        """Hand on what was noted, to be written in one statement at the end."""
        if not self._pending:
            return
        columns = [[row[name] for row in self._pending] for name in _COLUMNS]
        self._session.at_the_end(_APPEND, columns)
        self.written += [_log_line(row) for row in self._pending]
        self._pending = []

    def mark(self) -> int:
        """Return a place to which noted entries can be taken back."""
        return len(self._pending)

    def take_back(self, mark: int) -> None:
        """Forget what was noted since ``mark``: its savepoint was rolled back."""
        del self._pending[mark:]

    def settled(self, limit: int) -> list[int]:
        """Return the next entries that can be sealed, in their order."""
        return [row["id"] for row in self._session.ask(_SETTLED, {"limit": limit})]

    def tree(self) -> tuple[int, Frontier]:
        """Return the epoch and the right edge of the tree."""
        (row,) = self._session.ask(_TREE, {})
        frontier = Frontier.from_json({"size": row["size"], "hashes": row["frontier"]})
        return row["epoch"], frontier

    def seal(self, entries: Sequence[int], epoch: int, frontier: Frontier) -> Frontier:
        """Give each of these entries its number and leaf, and move it into the journal.

        A second sealer that thinks it leads fails here: its entries are gone, or on the number's
        primary key.

        Raises:
            Retry: another sealer has moved some of them.
        """
        first = number_of(epoch, frontier.size + 1)
        # The first one's partition may be missing too: a new epoch begins anywhere in one.
        for begins in sorted({_begins(first), _begins(first + len(entries) - 1)}):
            ensure_partition(self._session, begins)
        asked = {"first": first, "epoch": epoch, "ids": entries}
        leaves = [row["leaf"] for row in self._session.ask(_PLACE, asked)]
        if len(leaves) < len(entries):
            raise Retry("Another sealer was faster")
        sealed = frontier.extend(leaves)
        hashes = json.dumps([part.hex() for part in sealed.hashes])
        self._session.tell(_SET_TREE, {"size": sealed.size, "frontier": hashes})
        return sealed

    def add_checkpoint(self, size: int, at: datetime, signed: bytes) -> None:
        """Keep a checkpoint of the first ``size`` entries, signed at ``at``."""
        row = {"size": size, "at": at, "signed": signed}
        self._session.execute(insert(tables.checkpoint).values(row))

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield the size and the signed note of every checkpoint, smallest tree first."""
        query = select(tables.checkpoint).order_by(tables.checkpoint.c.size)
        for row in self._session.execute(query):
            yield row.size, row.signed

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Return the size and the signed note of the newest checkpoint, or none."""
        query = select(tables.checkpoint).order_by(tables.checkpoint.c.size.desc()).limit(1)
        row = self._session.execute(query).one_or_none()
        return (row.size, row.signed) if row else None

    def raise_epoch(self, beyond: int) -> tuple[int, int]:
        """Raise the epoch of what is sealed from now on; return it, and the journal's size.

        It is also raised above ``beyond``, an epoch known to have been in use.
        """
        tree = tables.journal_tree
        epoch = func.greatest(tree.c.epoch, beyond) + 1
        raised = update(tree).values(epoch=epoch).returning(tree.c.epoch, tree.c.size)
        row = self._session.execute(raised).one()
        return row.epoch, row.size

    def last_checkpoint(self) -> tuple[int, datetime | None]:
        """Return how many entries the last checkpoint covers, and when it was signed."""
        rows = self._session.ask(_LAST_CHECKPOINT, {})
        return (rows[0]["size"], rows[0]["at"]) if rows else (0, None)

    def size(self) -> int:
        """Return how many entries are sealed."""
        return int(self._session.execute(select(tables.journal_tree.c.size)).scalar_one())

    def has(self, number: int) -> bool:
        """Tell whether an entry has this number."""
        query = select(tables.journal.c.number).where(tables.journal.c.number == number)
        return self._session.execute(query).first() is not None

    def before_newest(self, count: int) -> int:
        """Return the number after which the newest ``count`` entries follow; 0 for all."""
        numbers = select(tables.journal.c.number).order_by(tables.journal.c.number.desc())
        return int(self._session.execute(numbers.offset(count).limit(1)).scalar() or 0)

    def waiting(self) -> int:
        """Return how many entries wait to be sealed; it stops counting at 100,000."""
        some = select(tables.journal_pending.c.id).limit(_MOST_WAITING).subquery()
        return int(self._session.execute(select(func.count()).select_from(some)).scalar_one())

    def read(self, after: int, limit: int) -> list[Numbered]:
        """Return at most ``limit`` entries whose numbers follow ``after``."""
        query = select(tables.journal).where(tables.journal.c.number > after)
        return self._numbered(query.order_by(tables.journal.c.number).limit(limit))

    def page(self, after: int, limit: int, most_bytes: int) -> list[Numbered]:
        """Return what `read` does, up to the entry with which they have ``most_bytes``."""
        journal = tables.journal
        size = func.octet_length(journal.c.entry)
        before = (func.sum(size).over(order_by=journal.c.number) - size).label("before")
        query = select(journal, before).where(journal.c.number > after)
        some = query.order_by(journal.c.number).limit(limit).subquery()
        cut = select(some).where(some.c.before < most_bytes)
        return self._numbered(cut.order_by(some.c.number))

    def of_incident(
        self, incident: UUID, after: int = 0, limit: int | None = None
    ) -> list[Numbered]:
        """Return the sealed entries about an incident and its notices, in order, after a number."""
        journal = tables.journal
        query = select(journal).where(journal.c.incident == incident, journal.c.number > after)
        return self._numbered(query.order_by(journal.c.number).limit(limit))

    def last(self) -> Numbered | None:
        """Return the entry that was sealed last, or none while the journal is empty."""
        query = select(tables.journal).order_by(tables.journal.c.number.desc()).limit(1)
        return next(iter(self._numbered(query)), None)

    def told(self, incident: UUID, kind: EntryKind) -> list[Entry]:
        """Return every entry of one kind about an incident, sealed, waiting or only noted yet."""
        parts = [
            select(table.c.schema_version, table.c.entry).where(
                table.c.incident == incident, table.c.kind == kind
            )
            for table in (tables.journal, tables.journal_pending)
        ]
        # One statement, one snapshot: an entry that is being sealed is in exactly one of the two.
        rows = self._session.execute(union_all(*parts))
        written = [decode(row.entry, row.schema_version) for row in rows]
        return [*written, *self._noted(incident, kind)]

    def _noted(self, incident: UUID, kind: EntryKind) -> Iterator[Entry]:
        for row in self._pending:
            if (row["incident"], row["kind"]) == (incident, kind.value):
                yield decode(row["entry"], row["schema_version"])

    def _numbered(self, query: Select[Any]) -> list[Numbered]:
        return [
            Numbered(row.number, row.epoch, row.schema_version, row.entry, row.leaf)
            for row in self._session.execute(query)
        ]


def ensure_partition(connection: Connection | Session, number: int) -> None:
    """Make the partition that an entry with this number belongs into, unless it is there."""
    first = _begins(number)
    name = f"journal_from_{first}"
    if connection.execute(select(func.to_regclass(name))).scalar() is not None:
        return
    # Attached rather than created in place: that takes no lock which readers wait for.
    for statement in (
        f"CREATE TABLE {name} (LIKE journal INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"ALTER TABLE journal ATTACH PARTITION {name} "
        f"FOR VALUES FROM ({first}) TO ({first + PARTITION})",
    ):
        connection.execute(text(statement))


def _begins(number: int) -> int:
    return (number - 1) // PARTITION * PARTITION + 1


def _log_line(row: dict[str, Any]) -> dict[str, str]:
    return {name: str(row[name]) for name in _LOGGED if row[name] is not None}


def stream(connection: Connection, batch: int = 1_000) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield (number, epoch, entry, leaf) of the whole journal in constant memory."""
    result = connection.execution_options(yield_per=batch).execute(
        select(
            tables.journal.c.number,
            tables.journal.c.epoch,
            tables.journal.c.entry,
            tables.journal.c.leaf,
        ).order_by(tables.journal.c.number)
    )
    for row in result:
        yield row.number, row.epoch, row.entry, row.leaf


def facts(happenings: Iterable[Happening], extra: Mapping[str, Any]) -> Iterator[Happening]:
    """Add the same facts to each of several happenings."""
    for happening in happenings:
        yield Happening(happening.kind, {**happening.facts, **extra})
