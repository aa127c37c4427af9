"""The live feed's one reader of the journal, shared by all clients of this process.

Each client keeps no more than the number that it was sent last. Whoever is close to the end is
served from the latest entries in memory, whoever is behind from the store; so a client costs
nothing while it is slow, and resumes anywhere. While there is none, no entry is read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import islice

import structlog
from attrs import frozen
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from dispatch_bus.application import feed
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import Told
from dispatch_bus.domain.errors import DispatchBusError, Retry
from dispatch_bus.gateway.metrics import FEED_CLIENTS, FEED_NUMBER
from dispatch_bus.gateway.models.journal import entry

LOOK_EVERY_S = 0.2
HEARTBEAT_S = 5.0
_AT_ONCE = 500
_IN_MEMORY = 5_000
_BYTES_IN_MEMORY = 32 * 2**20
# What a client is given time to take.
_PIECE = 256 * 2**10
_AFTER_A_FAILURE_S = 1.0
_log = structlog.get_logger(__name__)


@frozen
class Event:
    """A journal entry as it goes to every client."""

    number: int
    text: bytes


class Latest:
    """The events that were read last, as many as memory is meant for."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> None:
        """Keep an event, and let go of the oldest for it."""
        self._events.append(event)
        self._bytes += len(event.text)
        while len(self) > _IN_MEMORY or self._bytes > _BYTES_IN_MEMORY:
            self._bytes -= len(self._events.popleft().text)

    def clear(self) -> None:
        """Let go of everything."""
        self._events.clear()
        self._bytes = 0

    def piece(self, first: int) -> list[Event]:
        """Return the events from place ``first`` on that make a piece."""
        events, size = [], 0
        for event in islice(self._events, first, None):
            events.append(event)
            size += len(event.text)
            if size >= _PIECE:
                break
        return events


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
                    for piece in _pieces(events):
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


def _pieces(events: Iterable[Event]) -> Iterator[bytes]:
    """Yield what events say; a client that takes a piece in time makes progress."""
    rest = bytearray()
    for event in events:
        rest += event.text
        while len(rest) >= _PIECE:
            yield bytes(rest[:_PIECE])
            del rest[:_PIECE]
    if rest:
        yield bytes(rest)


def _event(told: Told) -> Event:
    said = entry(told)
    text = format_sse_event(
        id=str(said.number), event=said.kind, data_str=said.model_dump_json(exclude_none=True)
    )
    return Event(said.number, text)


def _heartbeat(at: datetime, number: int, unsealed: int) -> bytes:
    return format_sse_event(comment=f"at={at.isoformat()} number={number} unsealed={unsealed}")
