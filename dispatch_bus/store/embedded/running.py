"""A server that runs, and how to reach it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from attrs import frozen

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded.folders import Folders
from dispatch_bus.store.embedded.processes import is_server_of

OWNER = "dispatch_bus"
"""The role that owns the bus's database; it has no rights beyond that."""

SUPERUSER = "postgres"
"""The role that may create databases."""


@frozen
class Running:
    """A server that accepts connections: its process number and the folder of its socket."""

    pid: int
    socket_dir: Path

    @property
    def url(self) -> str:
        """The URL of the bus's database, for SQLAlchemy with psycopg 3."""
        return self.url_of("dispatch_bus")

    def url_of(self, database: str, role: str = OWNER) -> str:
        """Return the URL of ``database`` as ``role``, for SQLAlchemy with psycopg 3."""
        host = quote(str(self.socket_dir))
        return f"postgresql+psycopg://{role}@/{database}?host={host}&port=5432"


def find_running(data_dir: Path) -> Running | None:
    """Return the server that runs over ``data_dir``, or None: a question for another process.

    Raises ``Stop`` where the folder belongs to another user.
    """
    folders = Folders(data_dir.resolve())
    try:
        return read_postmaster_file(folders.cluster)
    except PermissionError as error:
        raise Stop(
            f"{error.filename} may not be read: the bus belongs to another user.",
            "Run this as the user who started the bus.",
        ) from error


def read_postmaster_file(cluster: Path) -> Running | None:
    """Return what ``postmaster.pid`` says, if its server lives and accepts connections.

    Lines as in PostgreSQL's source, ``src/include/utils/pidfile.h``: process number, data
    folder, start time, port, socket folder, listen address, shared memory, status.
    """
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    pid = int(lines[0])
    return Running(pid, Path(lines[4])) if is_server_of(pid, cluster) else None
