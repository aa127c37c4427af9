"""What the same machine can do at best, measured in the same run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import psycopg
from attrs import frozen
from bench_publishing import ConfirmedPublisher
from psycopg import sql

Row = TypeVar("Row")
_QUEUE = "floor"
_TABLES = ("incident", "notice", "delivery", "journal")
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
_FSYNCS = 200
_BLOCK = b"\0" * 8_192


@frozen
class Floor:
    """What it took to keep so many rows, or to publish as many messages, and nothing else."""

    items: int
    seconds: float
    incidents_per_s: float


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
            for part in _batches(rows, batch):
                began = time.perf_counter()
                connection.cursor().executemany(insert, part)
                connection.commit()
                yield len(part), time.perf_counter() - began


def confirmed_publishes(url: str, login_url: str, batch: int) -> Iterator[tuple[int, float]]:
    """Publish the bytes of each of these rows as a message; yield (messages, seconds) of each wait.

    Persistent, to one quorum queue, with one wait for the confirms of a batch.
    """
    with (
        psycopg.connect(url.replace("+psycopg", "")) as connection,
        ConfirmedPublisher(login_url) as publisher,
    ):
        publisher.channel.queue_declare(
            _QUEUE, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
        )
        for table in _TABLES:
            bodies = [_bytes_of(row) for row in _rows(connection, table)]
            for part in _batches(bodies, batch):
                began = time.perf_counter()
                for body in part:
                    publisher.publish(body, "", _QUEUE)
                publisher.wait()
                yield len(part), time.perf_counter() - began


def floor_of(url: str, parts: Iterable[tuple[int, float]]) -> Floor:
    """Run one of the floors to its end."""
    taken = list(parts)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        ((incidents,),) = connection.execute("SELECT count(*) FROM incident")
    seconds = sum(seconds for _, seconds in taken)
    return Floor(sum(count for count, _ in taken), round(seconds, 3), round(incidents / seconds, 1))


def _batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _copy_of(
    connection: psycopg.Connection[Any], table: str
) -> tuple[sql.Composed, Sequence[tuple[Any, ...]]]:
    """Make an empty twin of a table; return the statement that fills it, and the rows."""
    source, twin = sql.Identifier(table), sql.Identifier(f"floor_{table}")
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(twin, source))
    columns = connection.execute(_COLUMNS, [table]).fetchall()
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    values = sql.SQL(", ").join(sql.SQL("%s::" + kind) for _, kind in columns)
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(twin, names, values)
    return insert, _rows(connection, table)


def _rows(connection: psycopg.Connection[Any], table: str) -> Sequence[tuple[Any, ...]]:
    """Read a table as text, so that a value goes back in as it came out, whatever its type."""
    columns = connection.execute(_COLUMNS, [table]).fetchall()
    read = sql.SQL(", ").join(_read(name, kind) for name, kind in columns)
    query = sql.SQL("SELECT {} FROM {}").format(read, sql.Identifier(table))
    return connection.execute(query).fetchall()


def _read(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    return column if kind == "bytea" else sql.SQL("{}::text").format(column)


def _bytes_of(row: tuple[Any, ...]) -> bytes:
    known = (value for value in row if value is not None)
    return b"".join(value.encode() if isinstance(value, str) else bytes(value) for value in known)
