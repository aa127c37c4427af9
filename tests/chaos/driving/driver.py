"""Drives a bus through its bad days, and waits until it has dealt with them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
from chaos.driving.faults import Doer
from chaos.driving.plan import Fault

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
    """Does one fault after the other while the rooms go on sending.

    ``watch`` is called all the time, and finds what nobody did; ``show`` is told how far it is.
    """

    doer: Doer
    settings: Settings
    watch: Callable[[], None]
    show: Callable[[Stage], None]
    _over: int = 0

    def strike(self, faults: Iterable[Fault], until: float) -> None:
        """Do faults until they are all done, or ``time.monotonic()`` has come to ``until``."""
        for fault in faults:
            self._pass(fault.after_s, "all is well")
            if time.monotonic() >= until:
                return
            with self._noted(fault):
                self._pass(fault.lasts_s, str(fault.kind))
            self._over += 1

    def go_on(self, events: int, until: float) -> None:
        """Let the rooms go on until they have sent so many records, or the time is over."""
        while self._look("all is well").events < events and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)

    @contextmanager
    def _noted(self, fault: Fault) -> Iterator[None]:
        logbook = self.doer.logbook
        logbook.begin(fault)
        with self.doer.do(fault) as target:
            yield
        logbook.end(fault, target)

    def _pass(self, seconds: float, words: str) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._look(words)
            time.sleep(min(left, _LOOK_EVERY_S))

    def _look(self, words: str) -> Stage:
        self.watch()
        stage = Stage(words=words, events=events(self.settings), faults=self._over)
        self.show(stage)
        return stage


def events(settings: Settings) -> int:
    """Return how many records the rooms have sent, by their own logs."""
    folder = simulation.rooms_folder(settings)
    return sum(_sent(folder / room.settings.id / FILE_NAME) for room in settings.rooms)


def _sent(log: Path) -> int:
    with closing(sqlite3.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT coalesce(max(seq), 0) FROM sent").fetchone()[0])
