"""The database server: its version, what it keeps through a crash, and its room for connections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from dispatch_bus.application.doctor.finding import Finding, ok, problem, span, warning
from dispatch_bus.store.inspection import Server

_TOPIC: Final = "database"
_OLDEST: Final = 15
_FULL: Final = 0.8
_LONG_S: Final = 30.0
_MIB: Final = 2**20


def findings(server: Server, now: datetime) -> Iterator[Finding]:
    """Look at the server."""
    yield _version(server)
    yield from _durability(server)
    yield _connections(server)
    if server.writing_since and (now - server.writing_since).total_seconds() > _LONG_S:
        open_for = span((now - server.writing_since).total_seconds())
        yield warning(
            _TOPIC,
            f"a transaction that has written is open for {open_for}; the sealer waits for it",
            "Find it in pg_stat_activity (backend_xid is not null) and end its client.",
        )


def _version(server: Server) -> Finding:
    what = f"PostgreSQL {server.version}, schema {server.schema}, {server.size // _MIB:,} MiB"
    if server.major < _OLDEST:
        return problem(_TOPIC, what, f"Move to PostgreSQL {_OLDEST} or newer.")
    return ok(_TOPIC, what)


def _durability(server: Server) -> Iterator[Finding]:
    for name, value in server.settings.items():
        if value == "off":
            yield problem(
                _TOPIC,
                f"{name} is off: what was confirmed to a room can be lost in a crash",
                f"Set {name} = on in postgresql.conf and reload it.",
            )


def _connections(server: Server) -> Finding:
    what = f"{server.connections} of {server.connections_limit} connections are in use"
    if server.connections >= _FULL * server.connections_limit:
        return warning(_TOPIC, what, "Raise max_connections, or run fewer processes.")
    return ok(_TOPIC, what)
