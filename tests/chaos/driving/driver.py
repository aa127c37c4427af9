"""Drives a bus through its bad days, and waits until it has dealt with them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from pathlib import Path
from threading import Event

import attrs
from chaos.driving.faults import Doer
from chaos.driving.plan import Fault, Lane

from dispatch_bus.cli import simulation
from dispatch_bus.sdk.simulator.ledger import FILE_NAME
from dispatch_bus.settings import Settings

_LOOK_EVERY_S = 0.25


@attrs.frozen(kw_only=True)
class Stage:
    """How far the driver is: what it is at, events sent so far, faults that are over."""

    words: str
    events: int
    faults: int


@attrs.define(kw_only=True)
class Driver:
    """Does faults while the rooms go on sending: those of one lane in turn, the lanes at once.

    ``watch`` is called all the time, and finds what nobody did; ``show`` is told how far it is.
    """

    doer: Doer
    settings: Settings
    watch: Callable[[], None]
    show: Callable[[Stage], None]
    _over: Event = attrs.field(factory=Event)

    def strike(self, faults: Sequence[Fault], until: float) -> None:
        """Do faults until they are all done, or ``time.monotonic()`` has come to ``until``."""
        lanes = [[one for one in faults if one.lane is lane] for lane in Lane]
        at_work = [self.doer.arena.threads.submit(self._strike, lane) for lane in lanes]
        try:
            while not all(one.done() for one in at_work) and time.monotonic() < until:
                self._look()
                _raise_failure(at_work)
                time.sleep(_LOOK_EVERY_S)
        finally:
            self._over.set()
            wait(at_work)
        _raise_failure(at_work)

    def go_on(self, events: int, until: float) -> None:
        """Let the rooms go on until they have sent so many records, or the time is over."""
        while self._look().events < events and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)

    def _strike(self, lane: Iterable[Fault]) -> None:
        for fault in lane:
            if self._over.wait(fault.after_s):
                return
            self._do(fault)

    def _do(self, fault: Fault) -> None:
        logbook = self.doer.logbook
        logbook.begin(fault)
        target = "nothing"
        try:
            with self.doer.do(fault) as target:
                self._over.wait(fault.lasts_s)
        except AssertionError as never:
            # What did not come back is told at the end, with all else that came of it.
            logbook.note_unexpected(f"{fault.kind}: {never}")
        logbook.end(fault, target)

    def _look(self) -> Stage:
        self.watch()
        logbook = self.doer.logbook
        words = ", ".join(logbook.going_on) or "all is well"
        stage = Stage(words=words, events=events(self.settings), faults=len(logbook.struck))
        self.show(stage)
        return stage


def _raise_failure(at_work: Iterable[Future[None]]) -> None:
    for one in at_work:
        if one.done():
            one.result()


def events(settings: Settings) -> int:
    """Return how many records the rooms have sent, by their own logs."""
    folder = simulation.rooms_folder(settings)
    return sum(_sent(folder / room.settings.id / FILE_NAME) for room in settings.rooms)


def _sent(log: Path) -> int:
    with closing(sqlite3.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT coalesce(max(seq), 0) FROM sent").fetchone()[0])
