"""A whole bus of a test's own: the real command, its real processes and simulated rooms."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from buses.tested import COMMAND, TestedBus
from servers.waiting import is_running, wait_for, wait_until_gone

from dispatch_bus.cli.ready import ready_file
from dispatch_bus.store.embedded import find_running, logfile, start_leashed


class PrivateBus(TestedBus):
    """``dispatch-bus up`` over a configuration of its own, and the rooms that it talks to.

    ``rate_per_s`` is what each room sends; with 0 it sends what the test files in its log.
    ``rooms_text`` are changes to rooms.toml, as old to new text.
    """

    def __init__(
        self, folder: Path, *, rate_per_s: float = 0.0, rooms_text: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, rate_per_s=rate_per_s, rooms_text=rooms_text)
        self.log = folder / "up.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.seen: set[int] = set()

    # --- its life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the bus (its rooms have to be started apart) and wait until it does its work."""
        since = self.launch()
        wait_for(lambda: self._says("gateway: ready", since), "the bus is ready", 120.0)

    def launch(self) -> int:
        """Start the bus without waiting, and return where its words begin."""
        since = logfile.size(self.log)
        command = [str(COMMAND), "up", "--config", str(self.config)]
        self.process = start_leashed(command, log=self.log)
        return since

    def stop(self) -> int:
        """End the bus as Ctrl-C does, and return its exit status."""
        assert self.process is not None
        self.note_processes()
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        for pid in self.seen:
            wait_until_gone(pid)
        return status

    def kill(self) -> None:
        """Kill the supervisor, as the kernel does when memory runs out."""
        assert self.process is not None
        self.note_processes()
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End everything, come what may."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for room in self.rooms.values():
            room.stop()

    def words(self, since: int = 0) -> str:
        """Return what the command has printed."""
        return self.log.read_bytes()[since:].decode()

    def note_processes(self) -> None:
        """Remember every process that belongs to the bus now."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            self.seen |= {one.pid for one in parent.children(recursive=True)}

    def _says(self, words: str, since: int) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.words(since)
        return words in self.words(since)

    # --- its processes ------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        """Return the process number of ``postgres``, ``services`` or ``gateway``, if it works."""
        if name == "postgres":
            running = find_running(self.data / "postgres")
            return running.pid if running else None
        path = ready_file(self.data, name)
        pid = int(path.read_text()) if path.exists() else 0
        return pid if pid and is_running(pid) else None

    def adapters(self) -> list[int]:
        """Return the process numbers of the adapters."""
        services = self.pid("services")
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(services).children() if services else []
            return [one.pid for one in children if "dispatch_bus.sdk.host" in one.cmdline()]
        return []

    def wait_until_whole(self) -> None:
        """Wait until database, services, gateway and an adapter of each room work."""
        parts = ("postgres", "services", "gateway")
        wait_for(
            lambda: all(map(self.pid, parts)) and len(self.adapters()) >= len(self.rooms),
            "the bus is whole again",
            120.0,
        )


@contextmanager
def private_bus(**options: Any) -> Iterator[PrivateBus]:
    """Make a bus, not yet started, in a folder that every user may enter; end it at the end."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        made = PrivateBus(folder, **options)
        try:
            yield made
        finally:
            made.close()
