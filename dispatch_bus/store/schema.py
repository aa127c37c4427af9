"""The schema's version: refuse to run on a wrong one."""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy import Connection, text

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.engine import connect
from dispatch_bus.store.failures import translated

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005")
"""What the migrations make, from the oldest to the newest."""

NEWEST: Final = REVISIONS[-1]

_log = structlog.get_logger(__name__)
_HAS_TABLE = text("SELECT to_regclass(:name) IS NOT NULL")
_REVISION = text("SELECT version_num FROM alembic_version")
_OLDEST = text("SELECT oldest FROM compatibility")
_IS_NEW = text(
    "SELECT NOT EXISTS (SELECT FROM journal) AND NOT EXISTS (SELECT FROM journal_pending)"
    " AND NOT EXISTS (SELECT FROM incident)"
)


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
            if found != NEWEST:
                refuse_unless_compatible(connection, found)
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
    if not _has_table(connection, "alembic_version"):
        return None
    return connection.execute(_REVISION).scalar_one_or_none()


def is_known(found: str | None) -> bool:
    """Tell whether this version of the bus can bring that schema (or none) to the newest."""
    return found is None or found in REVISIONS


def is_empty(connection: Connection) -> bool:
    """Tell whether nothing was ever written into the tables."""
    return bool(connection.execute(_IS_NEW).scalar_one())


def refuse_unless_compatible(connection: Connection, found: str | None) -> None:
    """Refuse a schema that is older, or newer and not made for processes of this version.

    Raises:
        Stop: it is one or the other.
    """
    if is_known(found) or _oldest(connection) not in REVISIONS:
        raise misfit(found)
    _log.info("the database has a newer schema that this version may work with", schema=found)


def misfit(found: str | None) -> Stop:
    """Return the error that says what to do about a schema that does not fit."""
    what = f"The database has schema {found or 'none'}"
    remedy = "start the version that fits the database."
    if is_known(found):
        remedy = f"Run 'dispatch-bus migrate', or {remedy}"
    else:
        remedy = f"It is of a newer version: {remedy}"
    return Stop(f"{what}, this version needs {NEWEST}.", remedy)


def _oldest(connection: Connection) -> str:
    """Return the first revision whose processes may work with the schema that is there."""
    if not _has_table(connection, "compatibility"):
        return ""
    return str(connection.execute(_OLDEST).scalar_one())


def _has_table(connection: Connection, name: str) -> bool:
    return bool(connection.execute(_HAS_TABLE, {"name": name}).scalar_one())
