"""The entrypoint of every service: a loop that does work until there is none, then waits.

It waits for a wake-up, but never longer than its sweep: the sweep is the guarantee, the wake-up
makes it fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import eventlet
import structlog
from eventlet.event import Event
from nameko.containers import ContainerBeingKilled
from nameko.extensions import Entrypoint

from dispatch_bus.domain.errors import Refused, Retry, Stop
from dispatch_bus.messaging.bell import Bell, Waiter
from dispatch_bus.observability.metrics import WORK_DONE, WORK_FAILED, WORK_SECONDS

_log = structlog.get_logger(__name__)
_AFTER_ERROR_S = 1.0
# Before a service asks again for what another process does.
_ELSEWHERE_S = 0.5
# A batch of fewer has most likely taken all there was, and whatever comes rings. To look again at
# once would double what a small load costs.
_FEW = 10
_SOON_S = 0.05


class Work(Entrypoint):
    """Calls its method again and again: it does one batch and returns how much that was.

    It returns none where another process does this work, and is asked again half a second later.
    ``every_s`` is the sweep in seconds, ``wakes`` the kind of wake-up that cuts it short.
    ``lanes`` names the service configuration's list of lanes; each gets a loop of its own, which
    passes its lane to the method, so that a slow one holds up no other.
    """

    bell = Bell()

    def __init__(self, *, every_s: float, wakes: str = "", lanes: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._every_s = every_s
        self._wakes = wakes
        self._lanes = lanes
        self._stopping = False
        self._waiters: dict[str | None, Waiter] = {}

    def setup(self) -> None:
        """Take a place at the bell for each lane, before the bell begins to consume."""
        kind = self._wakes or self.method_name
        lanes = self._named_lanes()
        self._waiters = {lane: self.bell.listen(kind, lane or "") for lane in lanes}

    def start(self) -> None:
        """Start one loop per lane."""
        for lane, waiter in self._waiters.items():
            name = f"{self.method_name} {lane or ''}".strip()
            loop = partial(self._loop, lane, waiter)
            self.container.spawn_managed_thread(loop, identifier=name)

    def stop(self) -> None:
        """Let each loop end after the batch that it is at."""
        self._stopping = True

    def _named_lanes(self) -> Sequence[str | None]:
        return self.container.config[self._lanes] if self._lanes else [None]

    def _loop(self, lane: str | None, waiter: Waiter) -> None:
        while not self._stopping:
            done, pause_s = self._once(lane)
            if pause_s:
                eventlet.sleep(pause_s)
            elif done < _FEW:
                waiter.wait(min(self._every_s, _SOON_S) if done else self._every_s)

    def _once(self, lane: str | None) -> tuple[int, float]:
        """Do one batch; return how much that was, and the seconds to pause whatever rings."""
        outcome = Event()
        args = () if lane is None else (lane,)
        with WORK_SECONDS.labels(self.method_name).time():
            try:
                self.container.spawn_worker(self, args, {}, handle_result=_into(outcome))
            except ContainerBeingKilled:
                self._stopping = True
                return 0, 0.0
            result, error = outcome.wait()
        if error is not None:
            return 0, self._failed(error)
        if result is None:
            return 0, _ELSEWHERE_S
        WORK_DONE.labels(self.method_name).inc(result)
        return result, 0.0

    def _failed(self, error: BaseException) -> float:
        """Say how long to pause after an error; one that needs an operator ends the process."""
        WORK_FAILED.labels(self.method_name, type(error).__name__).inc()
        if isinstance(error, Stop):
            raise error
        if isinstance(error, Retry | Refused):
            _log.warning("work is put off", work=self.method_name, reason=str(error))
            return error.after_s if isinstance(error, Retry) else _AFTER_ERROR_S
        _log.error("work failed", work=self.method_name, exc_info=error)
        return _AFTER_ERROR_S


def _into(outcome: Event) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    def handle(_: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        outcome.send((result, exc_info[1] if exc_info else None))
        return result, exc_info

    return handle


work = Work.decorator
