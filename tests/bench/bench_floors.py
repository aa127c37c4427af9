"""What the same machine can do at best, measured in the same run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg import sql

_TABLES = ("incident", "notice", "delivery", "journal")
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
_FSYNCS = 200
_BLOCK = b"\0" * 8_192


def fsync_ms(folder: Path) -> float:
    """Return the median milliseconds of writing 8 KiB and an fsync."""
    path = folder / "fsync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            began = time.perf_counter()
            file.write(_BLOCK)
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1_000)
    path.unlink()
    return median(taken)


def plain_inserts(url: str, batch: int) -> Iterator[tuple[int, float]]:
    """Write every row of the bus's tables once more; yield (rows, seconds) of each commit.

    Into tables without index or constraint, with one ``executemany`` and one commit for a batch.
    """
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for table in _TABLES:
            insert, rows = _copy_of(connection, table)
            connection.commit()
            for start in range(0, len(rows), batch):
                began = time.perf_counter()
                part = rows[start : start + batch]
                connection.cursor().executemany(insert, part)
                connection.commit()
                yield len(part), time.perf_counter() - began


def _copy_of(
    connection: psycopg.Connection[Any], table: str
) -> tuple[sql.Composed, Sequence[tuple[Any, ...]]]:
    """Make an empty twin of a table; return the statement that fills it, and the rows."""
    source, twin = sql.Identifier(table), sql.Identifier(f"floor_{table}")
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(twin, source))
    columns = connection.execute(_COLUMNS, [table]).fetchall()
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    read = sql.SQL(", ").join(_read(name, kind) for name, kind in columns)
    # As text, so that a value goes back in as it came out, whatever its type.
    rows = connection.execute(sql.SQL("SELECT {} FROM {}").format(read, source)).fetchall()
    values = sql.SQL(", ").join(sql.SQL("%s::" + kind) for _, kind in columns)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(twin, names, values), rows


def _read(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    return column if kind == "bytea" else sql.SQL("{}::text").format(column)
