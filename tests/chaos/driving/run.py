"""A whole run: bad days for a bus of its own, the drain after them, and the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import attrs
from chaos.driving import broker_user, outcome, watching
from chaos.driving.arena import Arena
from chaos.driving.driver import Driver, Stage, events
from chaos.driving.faults import Doer
from chaos.driving.logbook import Logbook
from chaos.driving.plan import Fault
from chaos.driving.report import Report

from dispatch_bus.application.accounting import Account, Sent, settle
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.quarantining import BROKER
from dispatch_bus.application.sealing import verify_journal
from dispatch_bus.application.watching import glance
from dispatch_bus.bootstrap import load_checked, open_bus
from dispatch_bus.cli import simulation
from dispatch_bus.domain.errors import Retry

_QUIET_LOOKS = 3
_LOOK_EVERY_S = 0.5


@attrs.frozen(kw_only=True)
class Run:
    """What is to be done: faults, and at least so many records, but no longer than ``most_s``.

    It begins with ``malformed`` messages of every kind, each seed with others; ``burst`` more
    come at once, to each queue, where that is a fault. The driver's journal is ``journal``.
    """

    seed: int
    faults: Sequence[Fault]
    events: int
    most_s: float
    drain_s: float
    malformed: int
    burst: int
    journal: Path


def run(what: Run, where: Arena, show: Callable[[Stage], None]) -> Report:
    """Do it all, and return what came of it."""
    return _Running(what, where, Logbook(what.journal), show).report()


@attrs.define(slots=False)
class _Running:
    what: Run
    arena: Arena
    logbook: Logbook
    show: Callable[[Stage], None]

    @cached_property
    def bus(self) -> Bus:
        """The application over the same store, for questions."""
        return open_bus(*load_checked(self.arena.settings.folder), "chaos")

    def report(self) -> Report:
        start = time.monotonic()
        self._strike(start + self.what.most_s)
        drained_s = self._drain()
        settings, told = self.arena.settings, outcome.story(self.bus)
        found = [
            *self.logbook.unexpected,
            *watching.errors(self.arena),
            *watching.impossible_times(told, self.arena.began, datetime.now(UTC)),
        ]
        sent = events(settings)
        return Report(
            seed=self.what.seed,
            seconds=time.monotonic() - start,
            events=sent,
            confirmed=sent - simulation.unconfirmed(settings),
            malformed=len(self.logbook.malformed),
            struck=self.logbook.struck,
            told=told,
            account=self._account(),
            unexpected=found,
            drained_s=drained_s,
            verified=verify_journal(self.bus).ok,
        )

    def _strike(self, until: float) -> None:
        doer = Doer(self.arena, self.logbook, self.what.burst)
        doer.publish_every_kind(self.what.malformed)
        driver = Driver(
            doer=doer,
            settings=self.arena.settings,
            watch=lambda: watching.look_after(self.arena, self.logbook),
            show=self.show,
        )
        driver.strike(self.what.faults, until)
        driver.go_on(self.what.events, until)

    def _drain(self) -> float | None:
        """Have the rooms fall silent; return the seconds until nothing is under way, if ever."""
        for room in self.arena.rooms.values():
            room.fall_silent()
        start, quiet = time.monotonic(), 0
        while quiet < _QUIET_LOOKS:
            if time.monotonic() - start > self.what.drain_s:
                return None
            watching.look_after(self.arena, self.logbook)
            quiet = quiet + 1 if self._is_quiet() else 0
            time.sleep(_LOOK_EVERY_S)
        return round(time.monotonic() - start, 1)

    def _is_quiet(self) -> bool:
        settings = self.arena.settings
        self.show(Stage(words="draining", events=events(settings), faults=len(self.logbook.struck)))
        try:
            quiet = glance(self.bus, 0).is_quiet and not simulation.unconfirmed(settings)
        except Retry:
            return False
        return quiet and not broker_user.waiting(self.arena)

    def _account(self) -> Account:
        settings = self.arena.settings
        malformed = [Sent(room=BROKER, record=name) for name in self.logbook.malformed]
        sent = [*simulation.sent(settings), *malformed]
        return settle(self.bus, sent, simulation.received(settings))
