"""The bus's tables copied into a backup, and a backup into an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store import migrating, schema
from dispatch_bus.store.archive import FORMAT, Content, Manifest, Progress, Reader, writing
from dispatch_bus.store.engine import take_time
from dispatch_bus.store.failures import translated
from dispatch_bus.store.journal import Journal, ensure_partition
from dispatch_bus.store.session import Session

# Leases and whatever is not logged are worth nothing after the moment of the backup.
_TABLES = text(
    """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition AND relpersistence = 'p'
        AND relname NOT IN ('alembic_version', 'lease')
    ORDER BY relname
    """
)
_COLUMNS = text(
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table)"
    " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
_IDENTITIES = text(
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attidentity <> ''"
)
_PARTITIONS = text(
    "SELECT substring(inhrelid::regclass::text FROM 'journal_from_([0-9]+)')::bigint AS first"
    " FROM pg_inherits WHERE inhparent = 'journal'::regclass ORDER BY first"
)
_LOCKS: Final = text("SET LOCAL lock_timeout = 0")


def estimate(engine: Engine) -> int:
    """Return about how many bytes a backup will copy.

    Raises:
        Retry: the database cannot be reached.
    """
    with translated(), engine.connect() as connection:
        size = text(
            "SELECT coalesce(sum(pg_table_size(oid)), 0) FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = current_schema::regnamespace"
        )
        return int(connection.execute(size).scalar_one())


def back_up(engine: Engine, target: Path, key: str, progress: Progress) -> Manifest:
    """Write what the tables hold at one instant to ``target``, while the bus goes on.

    ``key`` is the public key that the checkpoints are verified with, as one line.

    Raises:
        Stop: ``target`` is there already, or cannot be written.
        Retry: the database cannot be reached or broke off.
    """
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with writing(target) as writer, translated(), engine.connect() as plain:
        connection = plain.execution_options(**snapshot)
        _take_time(connection)
        contents = [
            writer.add(table, columns, _rows(connection, table, columns), progress)
            for table in connection.execute(_TABLES).scalars().all()
            for columns in [_columns(connection, table)]
        ]
        manifest = _manifest(connection, key, contents)
        writer.end(manifest)
        return manifest


def load(connection: Connection, source: Reader, progress: Progress) -> None:
    """Put a backup into an empty database, within the caller's transaction.

    The schema is made as it was at the backup, filled, and then brought up to date.

    Raises:
        Stop: the database holds something, or the backup is damaged or of another schema.
    """
    _take_time(connection)
    manifest = source.manifest
    _make_schema(connection, manifest.schema)
    for first in manifest.partitions:
        ensure_partition(connection, first)
    for content in manifest.contents:
        _fill(connection, content, source.chunks(content, progress))
    migrating.upgrade(connection)


def _take_time(connection: Connection) -> None:
    take_time(connection)
    connection.execute(_LOCKS)


def _columns(connection: Connection, table: str) -> tuple[str, ...]:
    return tuple(connection.execute(_COLUMNS, {"table": table}).scalars())


def _rows(connection: Connection, table: str, columns: tuple[str, ...]) -> Iterator[bytes]:
    # The statement names the parent of partitions, which COPY does not take by itself.
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    with _driver(connection).cursor() as cursor, cursor.copy(query) as copy:
        yield from map(bytes, copy)


def _manifest(connection: Connection, key: str, contents: list[Content]) -> Manifest:
    journal = Journal(Session(connection), "")
    epoch, tree = journal.tree()
    newest = journal.newest_checkpoint()
    row = connection.execute(text("SELECT now() AS at, version() AS server")).one()
    return Manifest(
        format=FORMAT,
        taken_at=row.at,
        schema=schema.revision(connection) or "",
        server=row.server,
        epoch=epoch,
        entries=tree.size,
        root=tree.root().hex(),
        checkpoint=newest[1].decode() if newest else None,
        key=key,
        partitions=connection.execute(_PARTITIONS).scalars().all(),
        contents=contents,
    )


def _make_schema(connection: Connection, wanted: str) -> None:
    found = schema.revision(connection)
    if found is None:
        migrating.upgrade(connection, wanted)
    elif found != wanted or not schema.is_empty(connection):
        what = f"The database is not empty: it has schema {found}, the backup {wanted}."
        remedy = "Restore into an empty database; for the embedded one, move its folder away."
        raise Stop(what, remedy)


def _fill(connection: Connection, content: Content, chunks: Iterator[bytes]) -> None:
    if content.columns != _columns(connection, content.table):
        what = f"Table {content.table} of the backup has other columns than its schema."
        raise Stop(what, "Restore it with the version of the bus that wrote it.")
    table = sql.Identifier(content.table)
    columns = sql.SQL(", ").join(map(sql.Identifier, content.columns))
    with _driver(connection).cursor() as cursor:
        # A migration may have put rows there, such as the tree of an empty journal.
        cursor.execute(sql.SQL("DELETE FROM {}").format(table))
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, columns)) as copy:
            for chunk in chunks:
                copy.write(chunk)
        for column in connection.execute(_IDENTITIES, {"table": content.table}).scalars().all():
            cursor.execute(_count_on(content.table, column))


def _count_on(table: str, column: str) -> sql.Composed:
    """Let an identity go on after the highest number that was restored."""
    return sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({})) FROM {}").format(
        sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(table)
    )


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
