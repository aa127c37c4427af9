"""The processes of the bus and its database, as victims of the driver."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.cli.supervise import Child, ChildProcess
from dispatch_bus.store.embedded import EmbeddedPostgres

_AGAIN_AFTER_S = 1.0
_PATIENCE_S = 300.0


class ServiceProcess:
    """A process of one service, run as systemd would: told when it is ready, started again."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        told = log.with_suffix(".notify")
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.bind(str(told))
        self._told.setblocking(False)
        env = {**os.environ, **env, "NOTIFY_SOCKET": str(told)}
        self._process = ChildProcess(Child(name, tuple(command), log, env=env))
        self._is_ready = False
        self._pid = 0
        self._again_at: float | None = None
        self._is_down_on_purpose = False

    def launch(self) -> None:
        """Start it."""
        self._is_ready = False
        self._hear()
        self._pid = self._process.launch()
        self._again_at = None
        self._is_down_on_purpose = False

    def wait(self) -> None:
        """Wait until it says that it does its work; it may have to try more than once."""

        def is_ready() -> bool:
            self.look()
            self._is_ready = self._is_ready or "READY=1" in self._hear()
            return self._is_ready

        wait_for(is_ready, f"{self.name} does its work ({self._process.log})", _PATIENCE_S)

    def _hear(self) -> str:
        """Return what was told of it since the last time; see sd_notify(3)."""
        heard = ""
        with suppress(BlockingIOError):
            while True:
                heard += self._told.recv(4_096).decode()
        return heard

    def kill(self) -> None:
        """Kill it, and the adapters that it has started."""
        self._is_down_on_purpose = True
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        self._process.exit_status()
        wait_until_gone(self._pid)

    def close(self) -> None:
        """Kill it for good."""
        self.kill()
        self._told.close()

    def pids(self) -> Sequence[int]:
        """Return its number and those of its adapters."""
        with suppress(psutil.NoSuchProcess):
            mine = psutil.Process(self._pid)
            return [self._pid, *(one.pid for one in mine.children(recursive=True))]
        return []

    def look(self) -> str | None:
        """Start it again if it has ended, after a while; say so where nobody could expect it.

        Status 75 is expected: the database was away.
        """
        status = self._process.exit_status()
        if status is None or self._is_down_on_purpose:
            return None
        if self._again_at is None:
            self._again_at = time.monotonic() + _AGAIN_AFTER_S
            return None if status == os.EX_TEMPFAIL else f"{self.name} ended with status {status}"
        if time.monotonic() > self._again_at:
            self.launch()
        return None


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
