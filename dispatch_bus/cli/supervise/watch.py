"""One supervised process through its lives."""

from __future__ import annotations

import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from attrs import frozen

from dispatch_bus.cli.supervise.backoff import Backoff
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.store.embedded import logfile


class Supervised(Protocol):
    """What can be supervised: a child process, or the embedded PostgreSQL."""

    @property
    def name(self) -> str:
        """Its name on every screen."""

    @property
    def log(self) -> Path:
        """The file with all that it writes."""

    def launch(self) -> int:
        """Start it without waiting, and return its process number; raises ``Retry``, ``Stop``."""

    def is_ready(self) -> bool:
        """Tell whether it does its work; raises ``Stop`` where it never will."""

    def exit_status(self) -> int | None:
        """Return None while it lives, and its exit status (negative: signal) after."""

    def verdict(self, status: int) -> Stop | None:
        """Return why starting it again after exit ``status`` cannot help, or None."""

    def stop(self) -> None:
        """End it, and return once it has ended; nothing happens when it does not run."""


class State(StrEnum):
    """Where a supervised process stands."""

    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    STOPPING = "stopping"
    STOPPED = "stopped"


@frozen
class Change:
    """A supervised process came to a new state; ``detail`` says why, where there is a why."""

    name: str
    state: State
    pid: int
    detail: str = ""


class Watch:
    """Starts one process, sees it die, and starts it again after a wait.

    ``clock`` gives seconds that never go back; ``on_change`` is told of every new state.
    """

    def __init__(
        self, watched: Supervised, on_change: Callable[[Change], None], clock: Callable[[], float]
    ) -> None:
        self._watched = watched
        self._on_change = on_change
        self._clock = clock
        self._backoff = Backoff()
        self._state = State.STOPPED
        self._pid = 0
        self._started_at = 0.0
        self._due = clock()

    @property
    def is_ready(self) -> bool:
        """Whether the process does its work now, as far as is known."""
        return self._state is State.READY

    def step(self, *, may_launch: bool) -> None:
        """Do what is to be done now; raises ``Stop`` where another start cannot help.

        A process that needs others would only die again while one of them is away: then it
        is not to be launched.
        """
        logfile.trim(self._watched.log)
        if self._state in {State.STOPPED, State.DIED}:
            if may_launch:
                self._launch_if_due()
        elif (status := self._watched.exit_status()) is not None:
            self._take_note_of_death(status)
        elif self._state is State.STARTING and self._watched.is_ready():
            self._enter(State.READY)

    def _launch_if_due(self) -> None:
        if self._clock() < self._due:
            return
        self._started_at = self._clock()
        try:
            self._pid = self._watched.launch()
        except Retry as reason:
            self._enter(State.DIED, reason.what)
            self._wait()
        else:
            self._enter(State.STARTING)

    def _take_note_of_death(self, status: int) -> None:
        self._enter(State.DIED, _in_words(status))
        if verdict := self._watched.verdict(status):
            raise verdict
        self._wait()

    def _wait(self) -> None:
        backoff = self._backoff.after_life(self._clock() - self._started_at)
        self._due = self._clock() + backoff.delay_s
        self._backoff = backoff.after_wait()

    def stop(self) -> None:
        """End the process, if there is one, and return once it has ended."""
        try:
            if self._state in {State.STARTING, State.READY}:
                self._enter(State.STOPPING)
        finally:
            self._watched.stop()
        if self._state is State.STOPPING:
            self._enter(State.STOPPED)

    def _enter(self, state: State, detail: str = "") -> None:
        self._state = state
        self._on_change(Change(self._watched.name, state, self._pid, detail))


def _in_words(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"signal {signal.Signals(-status).name}"
