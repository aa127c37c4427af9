"""The bus's role and database in a new server."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.errors import DiskFull

from dispatch_bus.store.embedded.failure import disk_full
from dispatch_bus.store.embedded.running import OWNER, SUPERUSER, Running

# A server that is frozen must not freeze whoever supervises it.
_PATIENCE_S = 5


def ensure_database(server: Running, data_dir: Path) -> None:
    """Make the bus's role and database if they are missing.

    The role is no superuser: the bus must not come to need, here, what a server elsewhere would
    not give it.

    Raises ``Stop`` where the disk is full and ``psycopg.OperationalError`` where the server goes
    away meanwhile.
    """
    try:
        with connect(server) as connection:
            _ensure(connection, "pg_roles", "rolname", "CREATE ROLE {} LOGIN")
            _ensure(connection, "pg_database", "datname", "CREATE DATABASE {} OWNER {}")
    except DiskFull as error:
        raise disk_full(data_dir) from error


def connect(server: Running, database: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
    """Connect to ``database`` as the superuser, each statement a transaction of its own."""
    return psycopg.connect(
        host=str(server.socket_dir),
        port=5432,
        user=SUPERUSER,
        dbname=database,
        autocommit=True,
        connect_timeout=_PATIENCE_S,
    )


def _ensure(
    connection: psycopg.Connection[tuple[object, ...]], catalogue: str, column: str, create: str
) -> None:
    look = sql.SQL("SELECT 1 FROM {} WHERE {} = %s")
    query = look.format(sql.Identifier(catalogue), sql.Identifier(column))
    if connection.execute(query, [OWNER]).fetchone() is None:
        name = sql.Identifier(OWNER)
        connection.execute(sql.SQL(create).format(name, name))
