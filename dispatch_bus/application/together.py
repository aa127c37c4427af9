"""Does at once what several threads ask for at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from attrs import define, field

from dispatch_bus.domain.errors import Retry

Asked = TypeVar("Asked")
Given = TypeVar("Given")
Serve = Callable[[Sequence[Asked]], Sequence[Given | Exception]]
# What waits for a lock that somebody else holds is to hold up only itself.
_AT_ONCE = 2


@define(eq=False)
class _Ticket(Generic[Asked, Given]):
    asked: Asked
    is_taken: bool = False
    given: list[Given | Exception] = field(factory=list)
    done: threading.Event = field(factory=threading.Event)


@define(eq=False)
class Together(Generic[Asked, Given]):
    """Two are served at once; who comes meanwhile is served next, together with all who did.

    So nobody waits longer where few come, and where many do, they share what a batch costs.
    """

    _turns: threading.Semaphore = field(factory=lambda: threading.Semaphore(_AT_ONCE), init=False)
    _coming: threading.Lock = field(factory=threading.Lock, init=False)
    _waiting: list[_Ticket[Asked, Given]] = field(factory=list, init=False)

    def ask(self, asked: Asked, serve: Serve[Asked, Given]) -> Given:
        """Return what is given for ``asked``; raise what came of it, or of the whole batch.

        All askers bring the same ``serve``; two of them at most call it at a time.
        """
        mine: _Ticket[Asked, Given] = _Ticket(asked)
        with self._coming:
            self._waiting.append(mine)
        with self._turns:
            # Threads that take turns by themselves run on until they wait: let the others ask.
            time.sleep(0)
            if not mine.is_taken:
                _serve(self._take(), serve)
        mine.done.wait()
        (given,) = mine.given
        if isinstance(given, Exception):
            raise given
        return given

    def _take(self) -> list[_Ticket[Asked, Given]]:
        with self._coming:
            batch, self._waiting = self._waiting, []
            for one in batch:
                one.is_taken = True
        return batch


def _serve(batch: Sequence[_Ticket[Asked, Given]], serve: Serve[Asked, Given]) -> None:
    served: Sequence[Given | Exception] = [Retry("Who served all of them was ended")] * len(batch)
    try:
        served = serve([one.asked for one in batch])
    except Exception as error:  # noqa: BLE001 - each of them is told, in its own thread
        served = [error] * len(batch)
    finally:
        for one, given in zip(batch, served, strict=True):
            one.given.append(given)
            one.done.set()
