"""What a failing database means for whoever asked it: try again, mend the value, or stop."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry, Stop

# SQLSTATEs of PostgreSQL (manual, appendix A).
_DISK_FULL = "53100"
_LIMIT_EXCEEDED = "54"
# A connection that is refused comes without its SQLSTATE, 53300; these are the server's words.
_TAKEN = ("too many connections", "too many clients", "connection slots")
_LONGEST = 300


class Unstorable(Refused):
    """The database refused a value that passed every check before it."""

    def __init__(self, why: str) -> None:
        super().__init__("record", why, "Mend the record and replay it.")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors inside into those of the bus.

    Raises:
        Retry: it cannot be reached, broke off, or ran into one of its time limits.
        Unstorable: it refused a value.
        Stop: its disk is full.
    """
    try:
        yield
    except (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError) as error:
        raise Unstorable(f"SQLSTATE {_sqlstate(error)}") from error
    except UnicodeEncodeError as error:
        # The driver encodes text before the server sees it.
        raise Unstorable("text that is not Unicode") from error
    except (OperationalError, InterfaceError, InternalError, PoolTimeout, psycopg.Error) as error:
        raise _meaning(error) from error


def _sqlstate(error: Exception) -> str | None:
    told = error.orig if isinstance(error, DBAPIError) else error
    return getattr(told, "sqlstate", None)


def _meaning(error: Exception) -> DispatchBusError:
    state = _sqlstate(error)
    if state == _DISK_FULL:
        what = f"The database has no room left: {os.strerror(errno.ENOSPC)}."
        return Stop(what, "Free space, then start the bus again.")
    if state and state.startswith(_LIMIT_EXCEEDED):
        return Unstorable(f"SQLSTATE {state}")
    return Retry(f"The database did not answer ({state})") if state else _lost(error)


def _lost(error: Exception) -> Retry:
    """Say why there is no connection, in libpq's words; the server's own might hold a value."""
    if isinstance(error, PoolTimeout):
        return Retry("All connections of this process to the database are in use")
    words = _words(error)
    if any(told in words for told in _TAKEN):
        remedy = "raise max_connections, or run fewer processes"
        return Retry(f"The database has no connection left ({words}): {remedy}")
    return Retry(f"The database did not answer ({words})")


def _words(error: Exception) -> str:
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    return " ".join(str(error.orig).split())[:_LONGEST]
