"""Starts processes in order, keeps them running, and stops them in reverse order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from dispatch_bus.cli.supervise.stop_signals import stop_signals
from dispatch_bus.cli.supervise.watch import Change, Supervised, Watch

_TICK_S = 0.05


def _never() -> bool:
    return False


class Supervisor:
    """Runs ``supervised`` together: each one is started only while all before it are ready.

    One that dies is started again after 0.2 to 5 s, the others go on meanwhile. None outlives
    this process, even when it is killed. ``on_change`` is told of every new state, on the thread
    that runs the supervisor. ``clock`` gives seconds that never go back.
    """

    def __init__(
        self,
        supervised: Sequence[Supervised],
        *,
        on_change: Callable[[Change], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watches = [Watch(one, on_change, clock) for one in supervised]

    @property
    def is_ready(self) -> bool:
        """Whether every process does its work now."""
        return all(watch.is_ready for watch in self._watches)

    def run(self, until: Callable[[], bool] = _never) -> None:
        """Run everything until SIGINT, SIGTERM, SIGHUP or ``until``, then stop it, last first.

        Call it on the main thread. ``until`` is asked 20 times a second, so it is also the place
        to redraw a screen.

        Raises ``Stop``, after everything has ended, where a process cannot go on: it ended with
        status 78, say, or the disk is full.
        """
        with stop_signals() as is_asked_to_stop, ExitStack() as endings:
            for watch in self._watches:
                endings.callback(watch.stop)
            while not (is_asked_to_stop() or until()):
                self._tick()
                time.sleep(_TICK_S)

    def _tick(self) -> None:
        may_launch = True
        for watch in self._watches:
            watch.step(may_launch=may_launch)
            may_launch = may_launch and watch.is_ready
