"""One transaction's connection, with the rows that are still to be written in it.

A row is noted first and written later, together with all the others of its kind in one
statement. Whatever is asked of the database before then writes them out first, so nobody sees a
difference but in the time that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

import psycopg
from attrs import frozen
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from sqlalchemy import Connection, CursorResult, Executable, Table

Row = dict[str, Any]


@frozen(kw_only=True)
class Write:
    """A way to write rows: ``statement`` takes them all as one JSON document.

    Of two rows that are alike in the columns ``key`` the later one is written, in the place of
    the first. Rows are written in the order of their keys, so that two transactions cannot wait
    for each other, or ``as_noted``.
    """

    statement: str
    key: tuple[str, ...]
    as_noted: bool = False


def write_to(
    table: Table, conflict: str = "", *, key: Sequence[str] = (), as_noted: bool = False
) -> Write:
    """Make the way to insert rows into a table, alike in their primary key or the columns ``key``.

    ``conflict`` says in SQL what becomes of a row that is there already.
    """
    names = ", ".join(column.name for column in table.columns if not column.identity)
    rows = f"json_populate_recordset(NULL::{table.name}, %s::json)"
    # Of names that stand in the schema alone.
    statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {rows} {conflict}"  # noqa: S608
    alike = tuple(key) or tuple(column.name for column in table.primary_key)
    return Write(statement=statement, key=alike, as_noted=as_noted)


def replacing(table: Table, columns: Sequence[str]) -> str:
    """Say that these columns of a row that is there already take their new values."""
    key = ", ".join(column.name for column in table.primary_key)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return f"ON CONFLICT ({key}) DO UPDATE SET {changes}"


Statement = tuple[str, Mapping[str, Any] | Sequence[Any]]
_NOW: Statement = ("SELECT clock_timestamp() AS now", {})


@frozen
class _Foreseen:
    statement: Statement
    take: Callable[[Row], None] | None


class Session:
    """Runs statements in one transaction and writes behind them what was only noted.

    Whatever can go out together does, and is awaited once: with small batches the way to the
    server and back costs more than what it does there. ``changes`` counts what was noted or told
    so far.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        self._noted: dict[Write, dict[tuple[Any, ...], Row]] = {}
        self._foreseen: list[_Foreseen] = []
        self._last: list[Statement] = []
        self._memories: list[dict[Any, Any]] = []
        self._now: datetime | None = None
        self.changes = 0

    @property
    def now(self) -> datetime:
        """The instant at which this transaction began, by the database's clock, in UTC."""
        if self._now is None:
            (row,) = self.ask(_NOW[0], {})
            self._now = row["now"]
        moment: datetime = self._now
        return moment

    def execute(
        self, statement: Executable, parameters: Any = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement of SQLAlchemy's."""
        self.flush()
        return self._connection.execute(statement, parameters)

    def ask(self, statement: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a query of the driver's own, which costs a fifth of that, and return its rows."""
        (cursor,) = self._send([(statement, parameters)])
        return cursor.fetchall()

    def tell(self, statement: str, parameters: Mapping[str, Any]) -> int:
        """Run a statement of the driver's own; return how many rows it changed."""
        self.changes += 1
        (cursor,) = self._send([(statement, parameters)])
        return cursor.rowcount

    def foresee(
        self,
        statement: str,
        parameters: Mapping[str, Any],
        take: Callable[[Row], None] | None = None,
    ) -> None:
        """Ask a question together with the next one; ``take`` is given each row of its answer.

        There is none where nothing but the asking matters: a lock, a wait.
        """
        if self._noted:
            self.flush()
        self._foreseen.append(_Foreseen((statement, parameters), take))

    def later(self, write: Write, row: Row) -> None:
        """Note a row to be written before anything else is asked, or at the end.

        It may still be changed until then.
        """
        self.changes += 1
        rows = self._noted.setdefault(write, {})
        rows[tuple(row[name] for name in write.key)] = row

    def at_the_end(self, statement: str, parameters: Mapping[str, Any] | Sequence[Any]) -> None:
        """Note a statement that is run after all others."""
        self._last.append((statement, parameters))

    def memory(self) -> dict[Any, Any]:
        """Return a place to keep what was read; it is emptied when a savepoint is undone."""
        kept: dict[Any, Any] = {}
        self._memories.append(kept)
        return kept

    def settle(self) -> None:
        """Ask what was foreseen; whoever looks for an answer has this done before."""
        if self._foreseen:
            self._send([])

    def flush(self) -> None:
        """Write what was noted, one statement for each kind, and ask what was foreseen."""
        if self._noted or self._foreseen:
            self._send([])

    def write_out(self) -> None:
        """Write all that was noted, what is for the end included."""
        self._end(None)

    def commit(self) -> None:
        """Write all that was noted, and commit."""
        self._end(self._driver.commit)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside if it fails, what was noted and remembered included."""
        self.flush()
        last = len(self._last)
        try:
            with self._connection.begin_nested():
                yield
                self.flush()
        except BaseException:
            self._noted.clear()
            self._foreseen.clear()
            del self._last[last:]
            for kept in self._memories:
                kept.clear()
            raise

    def _end(self, then: Callable[[], None] | None) -> None:
        last, self._last = self._last, []
        self._send(last, then)

    def _send(
        self, statements: Sequence[Statement], then: Callable[[], None] | None = None
    ) -> list[psycopg.Cursor[Row]]:
        """Run what was foreseen and noted, and then these; return a cursor for each of these."""
        noted, self._noted = self._noted, {}
        foreseen, self._foreseen = self._foreseen, []
        writes = [_written(write, rows) for write, rows in noted.items()]
        first = [_NOW] if self._is_first and (foreseen or writes or statements) else []
        queue = [*first, *(one.statement for one in foreseen), *writes, *statements]
        with self._pipeline() if len(queue) + (then is not None) > 1 else nullcontext():
            cursors = [self._run(statement) for statement in queue]
            if then:
                then()
        for _ in first:
            self._now = cursors.pop(0).fetchall()[0]["now"]
        for one, answer in zip(foreseen, cursors, strict=False):
            if one.take:
                for row in answer:
                    one.take(row)
        return cursors[len(queue) - len(first) - len(statements) :]

    @contextmanager
    def _pipeline(self) -> Iterator[None]:
        """Send what is run inside at once; a connection that stays busy with it is given up."""
        try:
            with self._driver.pipeline():
                yield
        except BaseException:
            if self._driver.pgconn.pipeline_status:
                # Broken off halfway: nothing can be rolled back on it.
                self._connection.invalidate()
            raise

    @property
    def _is_first(self) -> bool:
        return self._driver.pgconn.transaction_status == TransactionStatus.IDLE

    def _run(self, statement: Statement) -> psycopg.Cursor[Row]:
        return self._driver.cursor(row_factory=dict_row).execute(*statement)


def _written(write: Write, rows: Mapping[tuple[Any, ...], Row]) -> Statement:
    order = list(rows) if write.as_noted else sorted(rows)
    return write.statement, [_document([rows[key] for key in order])]


def _document(rows: list[Row]) -> str:
    return json.dumps(rows, default=_text, ensure_ascii=False, separators=(",", ":"))


def _text(value: object) -> str:
    match value:
        case bytes():
            return f"\\x{value.hex()}"
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
