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
# Two, so that one which waits for what somebody else holds does not hold up the other.
_BATCHES = 2
_MOST = 8


@define(eq=False)
class _Ticket(Generic[Asked, Given]):
    asked: Asked
    is_taken: bool = False
    given: list[Given | Exception] = field(factory=list)


@define(eq=False)
class Together(Generic[Asked, Given]):
    """Two batches are served at once; who comes meanwhile is served next, with others who did.

    So nobody waits longer where few come, and where many do, up to eight of them share what a batch
    costs. Once a batch has failed each is served alone, and then one more with each that works:
    what made it fail holds up no other for long.
    """

    _news: threading.Condition = field(factory=threading.Condition, init=False)
    _waiting: list[_Ticket[Asked, Given]] = field(factory=list, init=False)
    _batches: int = field(default=0, init=False)
    _most: int = field(default=_MOST, init=False)

    def ask(self, asked: Asked, serve: Serve[Asked, Given]) -> Given:
        """Return what is given for ``asked``; raise what came of it, or of the whole batch.

        All askers bring the same ``serve``; two of them at most call it at a time.
        """
        mine: _Ticket[Asked, Given] = _Ticket(asked)
        with self._news:
            self._waiting.append(mine)
        while self._is_to_serve(mine):
            self._serve(serve)
        (given,) = mine.given
        if isinstance(given, Exception):
            raise given
        return given

    def _is_to_serve(self, mine: _Ticket[Asked, Given]) -> bool:
        """Wait until this one is given what it asked for, or has to serve a batch itself."""
        with self._news:
            while not mine.given and (mine.is_taken or self._batches == _BATCHES):
                self._news.wait()
            self._batches += not mine.given
            return not mine.given

    def _serve(self, serve: Serve[Asked, Given]) -> None:
        batch: list[_Ticket[Asked, Given]] = []
        served: Sequence[Given | Exception] = ()
        most = 1
        try:
            # Threads that take turns by themselves run on until they wait: let the others ask.
            time.sleep(0)
            batch = self._take()
            served = [Retry("Who served all of them was ended")] * len(batch)
            served = serve([one.asked for one in batch]) if batch else ()
            most = min(self._most + bool(batch), _MOST)
        except Exception as error:  # noqa: BLE001 - each of them is told, in its own thread
            served = [error] * len(batch)
        finally:
            with self._news:
                self._most = most
                self._batches -= 1
                for one, given in zip(batch, served, strict=True):
                    one.given.append(given)
                self._news.notify_all()

    def _take(self) -> list[_Ticket[Asked, Given]]:
        with self._news:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            for one in batch:
                one.is_taken = True
        return batch
