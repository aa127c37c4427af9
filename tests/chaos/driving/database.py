"""The database server, as a victim of the driver."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.store.embedded import EmbeddedPostgres

_PATIENCE_S = 300.0


class DatabaseProcess:
    """The database server."""

    name = "database"

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedPostgres(folder)

    def launch(self) -> None:
        """Start it; what it was killed with in the middle of is recovered."""
        self.server.launch()

    def wait(self) -> None:
        """Wait until it takes connections."""
        wait_for(self.server.is_ready, "the database takes connections", _PATIENCE_S)

    def kill(self) -> None:
        """Kill all its processes."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until_gone(self.server.running.pid)

    def pids(self) -> Sequence[int]:
        """Return the numbers of the server and its workers."""
        server = psutil.Process(self.server.running.pid)
        return [server.pid, *(one.pid for one in server.children())]
