"""The schema's version: bring it up to date, or refuse to run on a wrong one."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.engine import connect, take_time
from dispatch_bus.store.failures import translated

_log = structlog.get_logger(__name__)
_MIGRATIONS = Path(__file__).parent / "migrations"
_SCRIPTS = ScriptDirectory(str(_MIGRATIONS))
_IS_NEW = text(
    "SELECT NOT EXISTS (SELECT FROM journal) AND NOT EXISTS (SELECT FROM journal_pending)"
    " AND NOT EXISTS (SELECT FROM incident)"
)
_OLDEST = text("SELECT oldest FROM compatibility")
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
            found = revision(connection)
            if found not in _known():
                _refuse_unless_compatible(connection, found)
                return
            connection.commit()
            _upgrade_beside_others(connection)
    finally:
        engine.dispose()


def _upgrade_beside_others(connection: Connection) -> None:
    for attempt in count(1):
        try:
            take_time(connection)
            upgrade(connection, "head")
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


def check(url: str) -> None:
    """Refuse to run on any schema but the newest, or a newer one that says it may be.

    So an older process goes on beside a newer one while an upgrade is under way.

    Raises:
        Stop: the database is behind or ahead of this version of the bus.
        Retry: it cannot be reached.
    """
    engine = connect(url)
    try:
        with translated(), engine.connect() as connection:
            found = revision(connection)
            if found != _SCRIPTS.get_current_head():
                _refuse_unless_compatible(connection, found)
    finally:
        engine.dispose()


def is_new(url: str) -> bool:
    """Tell whether nothing was ever written into the database, whose schema is the newest.

    Raises:
        Retry: it cannot be reached.
    """
    engine = connect(url)
    try:
        with translated(), engine.connect() as connection:
            return is_empty(connection)
    finally:
        engine.dispose()


def revision(connection: Connection) -> str | None:
    """Return the schema that the database has, or none."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, to: str) -> None:
    """Bring the schema to revision ``to`` (or ``head``), within the caller's transaction if any.

    Raises:
        Stop: this version of the bus does not know that revision.
    """
    if to not in _known() | {"head"}:
        raise _misfit(to)
    command.upgrade(_config(connection), to)


def is_empty(connection: Connection) -> bool:
    """Tell whether nothing was ever written into the tables."""
    return bool(connection.execute(_IS_NEW).scalar_one())


def _refuse_unless_compatible(connection: Connection, found: str | None) -> None:
    """Refuse a schema that is older, or newer and not made for processes of this version."""
    if found in _known() or _oldest(connection) not in _known():
        raise _misfit(found)
    _log.info("the database has a newer schema that this version may work with", schema=found)


def _oldest(connection: Connection) -> str:
    """Return the first revision whose processes may work with the schema that is there."""
    if not inspect(connection).has_table("compatibility"):
        return ""
    return str(connection.execute(_OLDEST).scalar_one())


def _known() -> set[str | None]:
    return {None, *(script.revision for script in _SCRIPTS.walk_revisions())}


def _misfit(found: str | None) -> Stop:
    what = f"The database has schema {found or 'none'}"
    remedy = "start the version that fits the database."
    if found in _known():
        remedy = f"Run 'dispatch-bus migrate', or {remedy}"
    else:
        remedy = f"It is of a newer version: {remedy}"
    return Stop(f"{what}, this version needs {_SCRIPTS.get_current_head()}.", remedy)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
