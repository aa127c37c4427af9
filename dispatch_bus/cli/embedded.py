"""The processes that make up the embedded bus on one machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dispatch_bus.bootstrap import data_folder
from dispatch_bus.cli.ready import ready_file
from dispatch_bus.cli.supervise import Child, ChildProcess, Supervised, says_ready
from dispatch_bus.domain.errors import Retry
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded import EmbeddedPostgres
from dispatch_bus.store.schema import migrate


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


def processes(settings: Settings, rooms: Sequence[Child] = ()) -> list[Supervised]:
    """Return what runs the bus, in starting order: database, services, gateway, rooms."""
    data = data_folder(settings.bus)
    (data / "log").mkdir(parents=True, exist_ok=True)
    database = [] if settings.bus.store.url else [Database(data / "postgres")]
    own = (_child(data, name, settings.folder) for name in ("services", "gateway"))
    return [*database, *own, *(ChildProcess(room) for room in rooms)]


def _child(data: Path, name: str, config: Path) -> ChildProcess:
    module = f"dispatch_bus.cli.{name}"
    return ChildProcess(
        Child(
            name=name,
            command=(sys.executable, "-m", module, str(config)),
            log=data / "log" / f"{name}.log",
            ready=says_ready(ready_file(data, name)),
        )
    )
