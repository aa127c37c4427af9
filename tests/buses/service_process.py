"""A process of one service, run as systemd would: told when it is ready, ended, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import RLock

import httpx
import psutil
from buses.tested import COMMAND
from prometheus_client.parser import text_string_to_metric_families
from servers.freezing import Frozen
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.cli.serve import Service
from dispatch_bus.store.embedded import start_leashed

_AGAIN_AFTER_S = 1.0
# A machine that is busy with other tests starts a dozen processes slowly.
_PATIENCE_S = 300.0


class ServiceProcess:
    """A process of one service; ``metrics_port`` is 0 for any, and the gateway has none.

    ``env`` is added to the environment. Threads may share it; with the one that starts the process
    that process ends.
    """

    def __init__(
        self,
        service: Service,
        number: int,
        config: Path,
        log: Path,
        *,
        metrics_port: int = 0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.service = service
        self.name = f"{service} {number}"
        self.log = log
        self._port = metrics_port
        line = [str(COMMAND), "serve", service, "--config", str(config)]
        metrics = ["--metrics-port", str(metrics_port)]
        self._command = line if service is Service.GATEWAY else [*line, *metrics]
        told = log.with_suffix(".notify")
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.bind(str(told))
        self._told.setblocking(False)
        self._env = {**os.environ, **(env or {}), "NOTIFY_SOCKET": str(told)}
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._is_down_on_purpose = True
        self._again_at: float | None = None
        self._life = RLock()

    # --- its life -----------------------------------------------------------------------------

    def launch(self) -> None:
        """Start it without waiting."""
        with self._life:
            self._is_ready = False
            self._hear()
            self._process = start_leashed(self._command, log=self.log, env=self._env)
            self._again_at = None
            self._is_down_on_purpose = False

    def wait(self) -> None:
        """Wait until it says that it does its work; where the database is away it tries again."""

        def is_ready() -> bool:
            if what := self.look():
                raise AssertionError(f"{what}\n{self.log.read_text()}")
            self._is_ready = self._is_ready or "READY=1" in self._hear()
            return self._is_ready

        wait_for(is_ready, f"{self.name} does its work ({self.log})", _PATIENCE_S)

    def start(self) -> None:
        """Start it, and wait until it does its work."""
        self.launch()
        self.wait()

    def stop(self) -> int:
        """End it as systemd does, and return its exit status."""
        assert self._process is not None
        self._is_down_on_purpose = True
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def kill(self) -> None:
        """Kill it; what it has started ends by itself."""
        with self._life:
            self._is_down_on_purpose = True
            if self._process is None:
                return
            family = self.pids()
            self._process.kill()
            self._process.wait()
            for pid in family:
                wait_until_gone(pid)

    def close(self) -> None:
        """Kill it for good."""
        self.kill()
        self._told.close()

    def freeze(self, for_s: float = 120.0) -> Frozen:
        """Have it and its adapters stand still until thawed, or for so long at the most."""
        return Frozen(self.pids(), for_s=for_s)

    def look(self) -> str | None:
        """Start it again if it has ended, after a while; say so where nobody could expect it.

        Status 75 is expected: the database was away.
        """
        with self._life:
            status = self._process.poll() if self._process else None
            if status is None or self._is_down_on_purpose:
                return None
            if self._again_at is None:
                self._again_at = time.monotonic() + _AGAIN_AFTER_S
                expected = status == os.EX_TEMPFAIL
                return None if expected else f"{self.name} ended with status {status}"
            if time.monotonic() > self._again_at:
                self.launch()
            return None

    def _hear(self) -> str:
        """Return what was told of it since the last time; see sd_notify(3)."""
        heard = ""
        with suppress(BlockingIOError):
            while True:
                heard += self._told.recv(4_096).decode()
        return heard

    # --- what it is made of -------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def pids(self) -> list[int]:
        """Return its number and those of its adapters."""
        return [self.pid, *self.adapters()]

    def adapters(self) -> list[int]:
        """Return the process numbers of the adapters that it runs."""
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.pid).children(recursive=True)
            return [one.pid for one in children if "dispatch_bus.sdk.host" in one.cmdline()]
        return []

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of what it counts under a name, for these labels."""
        at = f"http://127.0.0.1:{self._port}/metrics"
        text = httpx.get(at, trust_env=False, timeout=30).text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )
