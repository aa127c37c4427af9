"""A question to the store that anybody may ask the gateway, as often as they like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from dispatch_bus.domain.errors import DispatchBusError

# Well under what Prometheus waits for a scrape.
LIMIT_S = 4.0
_T = TypeVar("_T")


class Question(Generic[_T]):
    """Asks it for one who wants to know, or for all who want to know meanwhile.

    A database that hangs costs one thread and one connection, however often this is asked.
    """

    def __init__(self, ask: Callable[[], _T]) -> None:
        self._ask = ask
        self._task: asyncio.Task[_T] | None = None

    async def answer(self) -> _T | None:
        """Return the answer; none when the store gives none within 4 s."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(asyncio.to_thread(self._ask))
        done, _ = await asyncio.wait({self._task}, timeout=LIMIT_S)
        if not done:
            return None
        try:
            return self._task.result()
        except DispatchBusError:
            return None
