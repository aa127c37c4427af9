"""A journal that a test writes entry by entry, and what its rooms say of the same events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from making.values import NOON

from dispatch_bus.application import sealing
from dispatch_bus.application.accounting import Received, Sent
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.store.journal import About


@frozen
class Line:
    """One journal entry to be."""

    kind: EntryKind
    facts: dict[str, Any]
    mode: Mode = Mode.ACTUAL
    correlation: str = "c"


def write(bus: Bus, lines: Sequence[Line]) -> None:
    """Write and seal entries in their order."""
    with bus.store.begin() as uow:
        for line in lines:
            about = About(correlation=line.correlation, mode=line.mode)
            uow.journal.append(NOON, about, Happening(line.kind, line.facts))
    while sealing.seal(bus):
        pass


def trace(kind: EntryKind, room: str, record: str) -> Line:
    """Return what is left of a record."""
    return Line(kind, {"room": room, "record": record})


def attempt(room: str, message: str) -> Line:
    """Return an attempt to deliver."""
    return Line(EntryKind.DELIVERY_ATTEMPTED, {"room": room, "message": message})


def made(room: str, message: str) -> Line:
    """Return a delivery."""
    return Line(EntryKind.DELIVERY_MADE, {"room": room, "message": message})


def sent(room: str, *records: str) -> list[Sent]:
    """Return what a room says that it sent."""
    return [Sent(room=room, record=record) for record in records]


def received(room: str, message: str, applied: int = 1) -> Received:
    """Return what a room says that it got."""
    return Received(room=room, message=message, applied=applied)
