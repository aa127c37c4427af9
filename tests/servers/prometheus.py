"""A private Prometheus for tests, and the tool that checks its files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from servers.packages import fetched
from servers.ports import free_ports
from servers.waiting import wait_for

from dispatch_bus.store.embedded import start_leashed


def program(name: str) -> str:
    """Return the path of ``prometheus`` or ``promtool``: installed, or fetched the first time."""
    return shutil.which(name) or str(fetched("prometheus") / "usr/bin" / name)


def promtool(*words: str | Path) -> str:
    """Run ``promtool`` and return what it prints; fail with its own words."""
    done = subprocess.run(
        [program("promtool"), *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """One that runs, and answers questions."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=20.0)

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer; fail with Prometheus's own words."""
        answer = self._client.get(path, params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return self._client.get("/status/buildinfo").is_success
        except httpx.TransportError:
            return False


@contextmanager
def running(config: Path, folder: Path) -> Iterator[Prometheus]:
    """Run a Prometheus with a configuration file, its data in ``folder``; end it at the end."""
    (port,) = free_ports(1)
    process = start_leashed(
        [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        log=folder / "prometheus.log",
    )
    try:
        prometheus = Prometheus(port)
        wait_for(prometheus.is_ready, "Prometheus answers")
        yield prometheus
    finally:
        process.kill()
        process.wait()
