"""The live feed's one reader of the journal, shared by all clients of this process.

Each client keeps no more than the number that it was sent last. Whoever is close to the end is
served from the latest entries in memory, whoever is behind from the store; so a client costs
nothing while it is slow, and resumes anywhere. While there is none, no entry is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

import structlog
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from dispatch_bus.application import feed
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import Told
from dispatch_bus.domain.errors import DispatchBusError, Retry
from dispatch_bus.gateway.events import Event, Latest, pieces
from dispatch_bus.gateway.metrics import FEED_CLIENTS, FEED_NUMBER
from dispatch_bus.gateway.models.journal import entry

LOOK_EVERY_S = 0.2
HEARTBEAT_S = 5.0
_AT_ONCE = 500
_AFTER_A_FAILURE_S = 1.0
_log = structlog.get_logger(__name__)


class Tail:
    """Reads the journal's end and hands it to any number of clients."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._latest = Latest()
        self._number: int | None = None
        self._beat: bytes | None = None
        self._news = asyncio.Event()
        self._closing = False
        self._clients = 0

    async def run(self) -> None:
        """Look at the journal until cancelled."""
        while True:
            try:
                pause = await self._look()
            except Exception:  # noqa: BLE001 - a feed that cannot look falls silent and tries again
                _log.warning("the feed cannot read the journal", exc_info=True)
                pause = _AFTER_A_FAILURE_S
            await asyncio.sleep(pause)

    def close(self) -> None:
        """End every client's stream; each resumes by its number."""
        self._closing = True
        self._news.set()

    async def events(self, after: int) -> AsyncIterator[bytes]:
        """Yield what follows the number ``after``, with a heartbeat every 5 s.

        A heartbeat is sent only while the journal can be read: silence means stale, not quiet.
        """
        with self._client():
            clock, beaten, said = asyncio.get_running_loop().time, float("-inf"), None
            while not self._closing:
                news = self._news
                if clock() - beaten >= HEARTBEAT_S and self._beat not in (None, said):
                    beaten, said = clock(), self._beat
                    yield self._beat or b""
                try:
                    events = await self._following(after)
                except Retry:
                    return
                except DispatchBusError as error:
                    _warn(str(error))
                    return
                if events:
                    after = events[-1].number
                    for piece in pieces(events):
                        yield piece
                else:
                    await _wait(news, beaten + HEARTBEAT_S - clock())

    @contextmanager
    def _client(self) -> Iterator[None]:
        self._clients += 1
        try:
            with FEED_CLIENTS.track_inprogress():
                yield
        finally:
            self._clients -= 1

    async def _look(self) -> float:
        if self._number is None or not self._clients:
            look = await run_in_threadpool(feed.glance, self._bus)
            self._latest.clear()
        else:
            look = await run_in_threadpool(feed.look, self._bus, self._number, _AT_ONCE)
            for told in look.entries:
                self._latest.add(_event(told))
        self._go_on_from(look.number)
        self._beat = _heartbeat(look.at, look.number, look.unsealed)
        return 0.0 if len(look.entries) == _AT_ONCE else LOOK_EVERY_S

    def _go_on_from(self, number: int) -> None:
        if number == self._number:
            return
        self._number = number
        FEED_NUMBER.set(number)
        if not self._closing:
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def _following(self, after: int) -> list[Event]:
        held = len(self._latest)
        if self._number is not None and after >= self._number - held:
            # Numbers have no gaps, so the distance to the end is the place in memory.
            first = held - (self._number - after)
            return self._latest.piece(first)
        look = await run_in_threadpool(feed.look, self._bus, after, _AT_ONCE)
        return [_event(told) for told in look.entries]


@lru_cache(maxsize=100)
def _warn(reason: str) -> None:
    """Say once why a stream ends: its client comes back at once, and meets the same."""
    _log.warning("the feed meets an entry that cannot be read", reason=reason)


async def _wait(news: asyncio.Event, longest_s: float) -> None:
    try:
        await asyncio.wait_for(news.wait(), max(LOOK_EVERY_S, longest_s))
    except TimeoutError:
        return


def _event(told: Told) -> Event:
    said = entry(told)
    text = format_sse_event(
        id=str(said.number), event=said.kind, data_str=said.model_dump_json(exclude_none=True)
    )
    return Event(said.number, text)


def _heartbeat(at: datetime, number: int, unsealed: int) -> bytes:
    return format_sse_event(comment=f"at={at.isoformat()} number={number} unsealed={unsealed}")
