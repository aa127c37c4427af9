"""A whole bus of a test's own: the real command, its real processes and simulated rooms."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from buses.room import Room
from servers.waiting import is_running, wait_for, wait_until_gone

from dispatch_bus.application.accounting import Account, Sent, settle
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.rooms import RoomView, rooms
from dispatch_bus.application.watching import Glance, glance
from dispatch_bus.bootstrap import data_folder, load_checked, open_bus
from dispatch_bus.cli import private, simulation
from dispatch_bus.cli.ready import ready_file
from dispatch_bus.cli.simulation import Simulation
from dispatch_bus.domain.errors import Retry
from dispatch_bus.sdk.simulator.log import RoomLog
from dispatch_bus.store.embedded import find_running, logfile, start_leashed

COMMAND = Path(sys.executable).with_name("dispatch-bus")
# Short enough for a test to see them pass; the shipped ones are for people.
QUICK = {
    "\ndeadline_s = 10.0": "\ndeadline_s = 4.0",
    "\ndeadline_s = 5.0": "\ndeadline_s = 2.0",
    "\nretry_longest_s = 30.0": "\nretry_longest_s = 1.0",
}
_LOOKS_UNTIL_QUIET = 3


class PrivateBus:
    """``dispatch-bus up`` over a configuration of its own, and the rooms that it talks to.

    ``rate_per_s`` is what each room sends; with 0 it sends what the test files in its log.
    ``rooms_text`` are changes to rooms.toml, as old to new text.
    """

    def __init__(
        self, folder: Path, *, rate_per_s: float = 0.0, rooms_text: Mapping[str, str] | None = None
    ) -> None:
        self.config = private.derive(None, folder)
        _replace(self.config / "bus.toml", QUICK)
        _replace(self.config / "rooms.toml", rooms_text or {})
        self.settings, self._zones = load_checked(self.config)
        self.data = data_folder(self.settings.bus)
        self.log = folder / "up.log"
        (self.data / "log").mkdir(parents=True)
        self._is_lively = rate_per_s > 0
        told = Simulation(seed=7, rate_per_s=rate_per_s or 1e-9)
        self.rooms = {
            room.settings.id: Room(child)
            for room, child in zip(
                self.settings.rooms, simulation.children(self.settings, told), strict=True
            )
        }
        if not self._is_lively:
            for room in self.rooms.values():
                room.leave_to_the_test()
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

    # --- what it holds ------------------------------------------------------------------------

    @cached_property
    def bus(self) -> Bus:
        """The application over the same store, for questions."""
        return open_bus(self.settings, self._zones, "test")

    def ask(self, question: Callable[[Bus], Any]) -> Any:
        """Ask the store; none while it does not answer."""
        try:
            return question(self.bus)
        except Retry:
            return None

    def room_view(self, room: str) -> RoomView | None:
        """Return how a room is doing."""
        seen = self.ask(rooms)
        return next((one for one in seen.items if one.id == room), None) if seen else None

    def glance(self) -> Glance | None:
        """Return how much is under way."""
        seen: Glance | None = self.ask(lambda bus: glance(bus, 0))
        return seen

    def drain(self) -> None:
        """Have lively rooms fall silent, and wait until all they sent is stored and delivered."""
        if self._is_lively:
            for room in self.rooms.values():
                room.fall_silent()
        quiet = 0

        def is_drained() -> bool:
            nonlocal quiet
            seen = self.glance()
            still = seen is not None and seen.is_quiet and not simulation.unconfirmed(self.settings)
            quiet = quiet + 1 if still else 0
            return quiet >= _LOOKS_UNTIL_QUIET

        wait_for(is_drained, "everything is stored and delivered", 150.0)

    def account(self) -> Account:
        """Hold the rooms' own logs against the journal."""
        return settle(self.bus, simulation.sent(self.settings), simulation.received(self.settings))

    def confirmed_account(self) -> Account:
        """Account for what the rooms know to be stored, whatever is still under way."""
        folder = simulation.rooms_folder(self.settings)
        confirmed = [
            Sent(room=room.settings.id, record=one.id)
            for room in self.settings.rooms
            for one in RoomLog(folder / room.settings.id).sent()
            if one.confirmed
        ]
        return settle(self.bus, confirmed, simulation.received(self.settings))

    def assert_balanced(self) -> None:
        """Drain, and see that nothing was lost and nothing happened twice."""
        self.drain()
        account = self.account()
        assert account == Account(lost=(), duplicated=(), refused=()), account

    def command(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run another command of the bus over its configuration, as on a wide terminal."""
        line = [str(COMMAND), *words, "--config", str(self.config)]
        wide = {**os.environ, "COLUMNS": "250"}
        return subprocess.run(line, capture_output=True, check=False, timeout=120, env=wide)


def _replace(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


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
