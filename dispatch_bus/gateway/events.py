"""The feed's events: those that memory keeps, and the pieces in which they are sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import frozen

_IN_MEMORY = 5_000
_BYTES_IN_MEMORY = 32 * 2**20
# What a client is given time to take.
_PIECE = 256 * 2**10


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


def pieces(events: Iterable[Event]) -> Iterator[bytes]:
    """Yield what events say; a client that takes a piece in time makes progress."""
    rest = bytearray()
    for event in events:
        rest += event.text
        while len(rest) >= _PIECE:
            yield bytes(rest[:_PIECE])
            del rest[:_PIECE]
    if rest:
        yield bytes(rest)
