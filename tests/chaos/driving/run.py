"""A whole run: bad days for a bus of its own, the drain after them, and the report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import psycopg
from chaos.driving import broker_user, outcome, watching
from chaos.driving.arena import Arena
from chaos.driving.backlog import Backlog, Drained
from chaos.driving.driver import Driver, Stage, events
from chaos.driving.faults import Doer
from chaos.driving.logbook import Logbook
from chaos.driving.plan import Fault
from chaos.driving.report import Report

from dispatch_bus.application.accounting import Account, Received, Sent, settle
from dispatch_bus.application.quarantining import BROKER
from dispatch_bus.application.sealing import verify_journal
from dispatch_bus.application.watching import glance
from dispatch_bus.cli import simulation
from dispatch_bus.domain.errors import Retry

_QUIET_LOOKS = 3
_LOOK_EVERY_S = 0.5


@attrs.frozen(kw_only=True)
class Run:
    """What is to be done: faults, and at least so many records, but no longer than ``most_s``.

    It begins with ``malformed`` messages of every kind, each seed with others; ``burst`` more
    come at once, to each queue, where that is a fault. When all is done, ``backlog`` tellings wait
    and are delivered; with 0 that is left out. The driver's journal is ``journal``.
    """

    seed: int
    faults: Sequence[Fault]
    events: int
    most_s: float
    drain_s: float
    malformed: int
    burst: int
    backlog: int
    journal: Path


def run(what: Run, where: Arena, show: Callable[[Stage], None]) -> Report:
    """Do it all, and return what came of it."""
    return _Running(what, where, Logbook(what.journal), show).report()


@attrs.frozen
class _Running:
    what: Run
    arena: Arena
    logbook: Logbook
    show: Callable[[Stage], None]

    def report(self) -> Report:
        start = time.monotonic()
        self._strike(start + self.what.most_s)
        drained_s = self._drain()
        is_next = drained_s is not None and self.what.backlog
        backlog = self._drain_backlog() if is_next else None
        settings, told = (
            self.arena.settings,
            outcome.patiently(lambda: outcome.story(self.arena.bus)),
        )
        found = [
            *self.logbook.unexpected,
            *watching.errors(self.arena),
            *watching.impossible_times(told, self.arena.began, datetime.now(UTC)),
            *watching.unfounded(self.arena, self.logbook, told),
        ]
        sent = events(settings)
        return Report(
            seed=self.what.seed,
            seconds=time.monotonic() - start,
            events=sent,
            events_asked=self.what.events,
            faults_asked=len(self.what.faults),
            confirmed=sent - simulation.unconfirmed(settings),
            malformed=len(set(self.logbook.malformed)),
            malformed_quarantined=sum(
                1 for (room, _), reason in told.quarantined.items() if room == BROKER and reason
            ),
            struck=self.logbook.struck,
            told=told,
            account=self._account(backlog.received if backlog else ()),
            unexpected=found,
            drained_s=drained_s,
            backlog=backlog,
            verified=outcome.patiently(lambda: verify_journal(self.arena.bus).ok),
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
            quiet = quiet + 1 if self._is_quiet() else 0
            time.sleep(_LOOK_EVERY_S)
        return round(time.monotonic() - start, 1)

    def _drain_backlog(self) -> Drained:
        with (
            psycopg.connect(self.arena.database_url, autocommit=True) as database,
            tempfile.TemporaryDirectory(prefix="dispatch-backlog-") as folder,
        ):
            return Backlog(self.arena, database, Path(folder), self._look).drain(self.what.backlog)

    def _look(self, words: str) -> None:
        watching.look_after(self.arena, self.logbook)
        struck = len(self.logbook.struck)
        self.show(Stage(words=words, events=events(self.arena.settings), faults=struck))

    def _is_quiet(self) -> bool:
        settings = self.arena.settings
        self._look("draining")
        try:
            quiet = glance(self.arena.bus, 0).is_quiet and not simulation.unconfirmed(settings)
        except Retry:
            return False
        return quiet and not broker_user.waiting(self.arena)

    def _account(self, more: Sequence[Received]) -> Account:
        settings = self.arena.settings
        malformed = [Sent(room=BROKER, record=name) for name in self.logbook.malformed]
        sent = [*simulation.sent(settings), *malformed]
        received = [*simulation.received(settings), *more]
        return outcome.patiently(lambda: settle(self.arena.bus, sent, received))
