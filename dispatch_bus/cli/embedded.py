"""The processes that make up the embedded bus on one machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dispatch_bus.bootstrap import data_folder
from dispatch_bus.cli.process import COMMAND
from dispatch_bus.cli.ready import ready_file
from dispatch_bus.cli.supervise import Child, ChildProcess, Supervised, says_ready
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.settings import Bus as BusSettings
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded import EmbeddedPostgres, find_running
from dispatch_bus.store.embedded.failure import disk_full, is_disk_full
from dispatch_bus.store.migrating import migrate

# Too little for a page of the database, let alone for a log.
_ROOM_BYTES = 64 * 1024
# More than the services give what is under way.
_GRACE_S = 30.0


class Database(EmbeddedPostgres):
    """The embedded PostgreSQL, ready once its schema is the newest."""

    _migrated = False

    def is_ready(self) -> bool:
        """Tell whether it takes connections; bring its schema up to date the first time."""
        if not super().is_ready():
            return False
        if not self._migrated:
            with suppress(Retry):
                migrate(self.running.url)
                self._migrated = True
        return self._migrated


@contextmanager
def database(settings: BusSettings, *, alone: bool = False) -> Iterator[None]:
    """Have the configured database at hand; an embedded one is started unless it runs.

    ``alone``: an embedded one must not run, so that no process of the bus is at work.

    Raises:
        Stop: the embedded database runs and must not, or cannot be started.
    """
    folder = data_folder(settings) / "postgres"
    if settings.store.url or (not alone and find_running(folder)):
        yield
        return
    with EmbeddedPostgres(folder):
        yield


class BusProcess(ChildProcess):
    """A process of the bus over the data folder ``data``, whose disk may be full."""

    def __init__(self, child: Child, data: Path) -> None:
        super().__init__(child)
        self._data = data

    def verdict(self, status: int) -> Stop | None:
        """Return why starting again cannot help; on a full disk in the same words as the database.

        The process may have had no room for its last words either, so the disk itself is asked.
        """
        verdict = super().verdict(status)
        told = verdict is not None and is_disk_full(str(verdict))
        if told or (status > 0 and shutil.disk_usage(self._data).free < _ROOM_BYTES):
            return disk_full(self._data)
        return verdict


def processes(settings: Settings, rooms: Sequence[Child] = ()) -> list[Supervised]:
    """Return what runs the bus, in starting order: database, services, gateway, rooms."""
    data = data_folder(settings.bus)
    (data / "log").mkdir(parents=True, exist_ok=True)
    database = [] if settings.bus.store.url else [Database(data / "postgres")]
    own = (
        BusProcess(_child(data, name, settings.folder), data) for name in ("services", "gateway")
    )
    return [*database, *own, *(ChildProcess(room) for room in rooms)]


def _child(data: Path, name: str, config: Path) -> Child:
    file = ready_file(data, name)
    return Child(
        name=name,
        command=(*COMMAND, name, str(config), "--ready-file", str(file)),
        log=data / "log" / f"{name}.log",
        ready=says_ready(file),
        grace_s=_GRACE_S,
    )
