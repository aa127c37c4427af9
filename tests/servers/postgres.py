"""Private PostgreSQL servers for tests: one per set of programs, with databases of their own."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from psycopg import sql

from dispatch_bus.store.embedded import EmbeddedPostgres, Running, find_binaries
from dispatch_bus.store.embedded.database import connect
from dispatch_bus.store.embedded.installation import major_version
from dispatch_bus.store.embedded.running import OWNER

OLDEST = 15


def programs() -> dict[str, Path]:
    """Return the folders of programs to test with: the wheel's, and what the system has."""
    installed = {major_version(path): path for path in Path("/usr/lib/postgresql").glob("*/bin")}
    system = {
        f"pg{major}-system": path for major, path in sorted(installed.items()) if major >= OLDEST
    }
    return {"pg18-wheel": find_binaries(), **system}


class DatabaseServer:
    """A running server that hands out databases, empty or with the bus's schema."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._numbers = itertools.count(1)
        self._migrated: str | None = None

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """Make a database without any table, give its URL, and drop it at the end."""
        with self._database(template="template1") as name:
            yield self.running.url_of(name)

    @contextmanager
    def migrated_database(self) -> Iterator[str]:
        """Make a database with the bus's schema, give its URL, and drop it at the end."""
        if self._migrated is None:
            self._migrated = self._make_template()
        with self._database(template=self._migrated) as name:
            yield self.running.url_of(name)

    def _make_template(self) -> str:
        from dispatch_bus.store.migrating import migrate  # noqa: PLC0415  (few tests need it)

        name = "migrated"
        self._execute("CREATE DATABASE {} OWNER {}", name, OWNER)
        migrate(self.running.url_of(name))
        # A template can be copied only while nobody is connected to it.
        self._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        return name

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        self._execute("CREATE DATABASE {} TEMPLATE {} OWNER {}", name, template, OWNER)
        try:
            yield name
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _execute(self, statement: str, *names: str) -> None:
        with connect(self.running) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class DatabaseServers:
    """The servers of one test run, each started when it is first asked for."""

    def __init__(self) -> None:
        self._cleanup = ExitStack()
        self._started: dict[str, DatabaseServer] = {}

    def get(self, name: str) -> DatabaseServer:
        """Return the server with the programs called ``name``, one of ``programs()``."""
        if name not in self._started:
            # Not pytest's tmp_path: it is closed to the user that root lends the server to, and
            # keeps the data of the last three runs.
            folder = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="dispatch-"))
            Path(folder).chmod(0o711)
            server = EmbeddedPostgres(Path(folder) / "data", bin_dir=programs()[name])
            self._cleanup.enter_context(server)
            self._started[name] = DatabaseServer(server.running)
        return self._started[name]

    def close(self) -> None:
        """Stop all servers and remove their folders."""
        self._cleanup.close()
