"""A bus of a test's own: its configuration, its simulated rooms, and what its store holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from buses.room import Room
from servers.waiting import wait_for

from dispatch_bus.application.accounting import Account, Sent, settle
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.rooms import RoomView, rooms
from dispatch_bus.application.watching import Glance, glance
from dispatch_bus.bootstrap import data_folder, load_checked, open_bus
from dispatch_bus.cli import private, simulation
from dispatch_bus.cli.simulation import Simulation
from dispatch_bus.domain.errors import Retry
from dispatch_bus.sdk.simulator.log import RoomLog

COMMAND = Path(sys.executable).with_name("dispatch-bus")
# Short enough for a test to see them pass; the shipped ones are for people.
QUICK = {
    "\ndeadline_s = 10.0": "\ndeadline_s = 4.0",
    "\ndeadline_s = 5.0": "\ndeadline_s = 2.0",
    "\nretry_longest_s = 30.0": "\nretry_longest_s = 1.0",
}
_LOOKS_UNTIL_QUIET = 3
_LOOKS_UNTIL_BALANCED = 5
_BALANCED = Account(lost=(), duplicated=(), refused=())


class TestedBus:
    """A configuration of a test's own and the rooms that it talks to; how it runs is its heir's.

    ``rate_per_s`` is what each room sends; with 0 it sends what the test files in its log.
    ``bus_text`` and ``rooms_text`` are changes to bus.toml and rooms.toml, as old to new text.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rate_per_s: float = 0.0,
        bus_text: Mapping[str, str] | None = None,
        rooms_text: Mapping[str, str] | None = None,
    ) -> None:
        self.config = private.derive(None, folder)
        _replace(self.config / "bus.toml", {**QUICK, **(bus_text or {})})
        _replace(self.config / "rooms.toml", rooms_text or {})
        self.settings, self._zones = load_checked(self.config)
        self.data = data_folder(self.settings.bus)
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
        quiet, seen = 0, None

        def is_drained() -> bool:
            nonlocal quiet, seen
            seen = self.glance()
            still = seen is not None and seen.is_quiet and not simulation.unconfirmed(self.settings)
            quiet = quiet + 1 if still else 0
            return quiet >= _LOOKS_UNTIL_QUIET

        try:
            wait_for(is_drained, "everything is stored and delivered", 150.0)
        except AssertionError as error:
            unconfirmed = simulation.unconfirmed(self.settings)
            raise AssertionError(f"{error}: {unconfirmed=}, {_under_way(seen)}") from error

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
        """Drain, and see that nothing was lost and nothing happened twice.

        Offers that nobody answers expire meanwhile, and more is told between one look at the books
        and the other: so they have to balance once.
        """
        for _ in range(_LOOKS_UNTIL_BALANCED):
            self.drain()
            account = self.account()
            if account == _BALANCED:
                return
        assert account == _BALANCED

    def command(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run another command of the bus over its configuration, as on a wide terminal."""
        line = [str(COMMAND), *words, "--config", str(self.config)]
        wide = {**os.environ, "COLUMNS": "250"}
        return subprocess.run(line, capture_output=True, check=False, timeout=120, env=wide)


def _under_way(seen: Glance | None) -> str:
    if seen is None:
        return "the store did not answer"
    return f"{seen.unsealed=}, {seen.undecided=}, {seen.waiting=}"


def _replace(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
