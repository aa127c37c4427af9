"""Brings the schema up to date, with Alembic."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from dispatch_bus.store import schema
from dispatch_bus.store.engine import connect, take_time
from dispatch_bus.store.failures import translated

_MIGRATIONS = Path(__file__).parent / "migrations"
# An arbitrary constant; two migrations at once wait for each other on it.
_MIGRATION_LOCK = 0x6469_7370
# deadlock_detected and lock_not_available (PostgreSQL manual, appendix A).
_BUSY = ("40P01", "55P03")
_ATTEMPTS, _PAUSE_S = 50, 0.2


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest schema; several at once do it once.

    A newer schema that this version may work with is left as it is. The bus may be at work: a
    table that is busy is waited for only briefly, since everybody would queue up behind that, and
    then asked for again.

    Raises:
        Stop: the database is ahead of this version of the bus.
        Retry: it cannot be reached or broke off, or a table stayed busy for a minute.
    """
    engine = connect(url)
    try:
        with translated(), engine.connect() as connection:
            take_time(connection)
            connection.execute(text("SET lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
            connection.execute(text("SET lock_timeout = '1s'"))
            found = schema.revision(connection)
            if not schema.is_known(found):
                schema.refuse_unless_compatible(connection, found)
            elif found != schema.NEWEST:
                connection.commit()
                _upgrade_beside_others(connection)
    finally:
        engine.dispose()


def upgrade(connection: Connection, to: str = schema.NEWEST) -> None:
    """Bring the schema to revision ``to``, within the caller's transaction if any.

    Raises:
        Stop: this version of the bus does not know that revision.
    """
    # It takes a quarter of a second to load, and a database that is up to date needs none of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if to not in schema.REVISIONS:
        raise schema.misfit(to)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _upgrade_beside_others(connection: Connection) -> None:
    for attempt in count(1):
        try:
            take_time(connection)
            upgrade(connection)
            connection.commit()
        except OperationalError as error:
            if not _is_busy(error) or attempt == _ATTEMPTS:
                raise
            connection.rollback()
            time.sleep(_PAUSE_S)
        else:
            return


def _is_busy(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _BUSY and not error.connection_invalidated
