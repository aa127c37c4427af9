"""Runs the embedded bus in the foreground and shows what happens."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread

from rich.console import Console
from rich.live import Live

from borderzones import Zones
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import before_newest
from dispatch_bus.application.watching import Glance, glance
from dispatch_bus.bootstrap import NotRunning, data_folder, open_bus
from dispatch_bus.cli.embedded import processes
from dispatch_bus.cli.lossy import lossy
from dispatch_bus.cli.screen import Screen
from dispatch_bus.cli.simulation import Simulation, children
from dispatch_bus.cli.supervise import Change, Supervisor
from dispatch_bus.domain.errors import Retry
from dispatch_bus.settings import Settings

__all__ = ["Simulation", "Viewer", "run"]

_LOOK_EVERY_S = 0.5
# Drawing costs as much as the bus itself at a few incidents a second.
_DRAW_EVERY_S = 0.25
_ENTRIES_AT_FIRST = 20


class Viewer:
    """Looks at a running bus now and then, through the store, and survives its absences.

    It looks on a thread of its own: a database that hangs must hold up nobody who draws.
    """

    def __init__(self, settings: Settings, zones: Zones) -> None:
        self._settings = settings
        self._zones = zones
        self._bus: Bus | None = None
        self._last: int | None = None
        self._due = 0.0
        self._looking: Future[Glance] | None = None

    @property
    def bus(self) -> Bus:
        """The bus, opened when it is first needed."""
        if self._bus is None:
            self._bus = open_bus(self._settings, self._zones, "viewer")
        return self._bus

    def look(self) -> Glance | None:
        """Return what was seen since this was last asked, if anything was; look each half second.

        Raises:
            Stop: something that only a person can mend.
        """
        if self._looking is None:
            self._begin()
        if self._looking is None or not self._looking.done():
            return None
        looked, self._looking = self._looking, None
        try:
            return looked.result()
        except (Retry, NotRunning):
            # The database came back elsewhere, or is about to: its address is looked up anew.
            self._bus = None
            return None

    def _begin(self) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _LOOK_EVERY_S
        looking: Future[Glance] = Future()
        # A machine that has no thread left for this may have one the next time.
        with suppress(RuntimeError):
            Thread(target=_into, args=(looking, self._look), daemon=True).start()
            self._looking = looking

    def _look(self) -> Glance:
        if self._last is None:
            self._last = before_newest(self.bus, _ENTRIES_AT_FIRST)
        seen = glance(self.bus, self._last)
        self._last = seen.last
        return seen


def _into(future: Future[Glance], look: Callable[[], Glance]) -> None:
    try:
        future.set_result(look())
    except BaseException as error:  # noqa: BLE001 - raised again where the result is taken
        future.set_exception(error)


def run(settings: Settings, zones: Zones, simulation: Simulation | None = None) -> None:
    """Run the bus, with simulated rooms if asked for, until Ctrl-C.

    Raises:
        Stop: something that only a person can mend; everything has been stopped.
    """
    console = Console(file=lossy(sys.stdout))
    screen, viewer = Screen(), Viewer(settings, zones)
    rooms = children(settings, simulation) if simulation else ()
    supervisor = Supervisor(processes(settings, rooms), on_change=_note(console, screen))
    console.print(f"Data in {data_folder(settings.bus)}. Ctrl-C stops the bus.", highlight=False)
    if not console.is_terminal:
        supervisor.run(_printing(console, screen, supervisor, viewer))
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        supervisor.run(_drawing(live, screen, supervisor, viewer))


def _note(console: Console, screen: Screen) -> Callable[[Change], None]:
    def note(change: Change) -> None:
        screen.process(change)
        if not console.is_terminal:
            detail = f" ({change.detail})" if change.detail else ""
            console.print(f"{change.name}: {change.state}{detail}", highlight=False)

    return note


def _printing(
    console: Console, screen: Screen, supervisor: Supervisor, viewer: Viewer
) -> Callable[[], bool]:
    def step() -> bool:
        seen = viewer.look() if supervisor.is_ready else None
        for line in screen.see(seen) if seen else ():
            console.print(line, highlight=False, soft_wrap=True)
        return False

    return step


def _drawing(
    live: Live, screen: Screen, supervisor: Supervisor, viewer: Viewer
) -> Callable[[], bool]:
    drawn_at = -math.inf

    def step() -> bool:
        nonlocal drawn_at
        seen = viewer.look() if supervisor.is_ready else None
        if seen:
            screen.see(seen)
        if seen or time.monotonic() - drawn_at > _DRAW_EVERY_S:
            live.update(screen.draw(live.console), refresh=True)
            drawn_at = time.monotonic()
        return False

    return step
