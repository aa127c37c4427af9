"""One transaction's connection, with the rows that are still to be written in it.

A row is noted first and written later, together with all the others of its kind in one
statement. Whatever is asked of the database before then writes them out first, so nobody sees a
difference but in the time that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, cast
from uuid import UUID

import psycopg
from attrs import frozen
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


class Session:
    """Runs statements in one transaction and writes behind them what was only noted.

    ``changes`` counts what was noted or told so far.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        self._cursor = driver.cursor(row_factory=dict_row)
        self._noted: dict[Write, dict[tuple[Any, ...], Row]] = {}
        self._memories: list[dict[Any, Any]] = []
        self.changes = 0

    def execute(
        self, statement: Executable, parameters: Any = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement of SQLAlchemy's."""
        self.flush()
        return self._connection.execute(statement, parameters)

    def ask(self, statement: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a query of the driver's own, which costs a fifth of that, and return its rows."""
        self.flush()
        return self._cursor.execute(statement, parameters).fetchall()

    def tell(self, statement: str, parameters: Mapping[str, Any]) -> int:
        """Run a statement of the driver's own; return how many rows it changed."""
        self.flush()
        self.changes += 1
        return self._cursor.execute(statement, parameters).rowcount

    def copy(self, statement: str, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Copy rows into a table in PostgreSQL's binary format."""
        with self._cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def later(self, write: Write, row: Row) -> None:
        """Note a row to be written before anything else is asked, or at the end.

        It may still be changed until then.
        """
        self.changes += 1
        rows = self._noted.setdefault(write, {})
        rows[tuple(row[name] for name in write.key)] = row

    def memory(self) -> dict[Any, Any]:
        """Return a place to keep what was read; it is emptied when a savepoint is undone."""
        kept: dict[Any, Any] = {}
        self._memories.append(kept)
        return kept

    def flush(self) -> None:
        """Write what was noted, one statement for each kind."""
        while self._noted:
            write = next(iter(self._noted))
            noted = self._noted.pop(write)
            order = list(noted) if write.as_noted else sorted(noted)
            self._cursor.execute(write.statement, [_document([noted[key] for key in order])])

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside if it fails, what was noted and remembered included."""
        self.flush()
        try:
            with self._connection.begin_nested():
                yield
                self.flush()
        except BaseException:
            self._noted.clear()
            for kept in self._memories:
                kept.clear()
            raise


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
