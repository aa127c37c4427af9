"""The rooms: whether they are read and answer, their clocks, and what was confirmed to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from dispatch_bus.application.doctor.finding import Finding, ok, problem, span, warning
from dispatch_bus.application.rooms import Reading, RoomView
from dispatch_bus.store.outside import Outside
from dispatch_bus.store.rooms import RoomState

_CLOCK_S: Final = 2.0


def findings(known: Sequence[RoomView], now: datetime) -> Iterator[Finding]:
    """Look at every room of the configuration."""
    for room in known:
        yield _reading(room, now)
        yield from _inbox(room, now)
        yield from _clock(room)


def outside(known: Iterable[RoomState], kept: Outside) -> Iterator[Finding]:
    """Look whether this machine knows outside the database what each room was confirmed last.

    It is kept before the room is told, so the database never knows more where the folder is shared.
    """
    behind = [state.id for state in known if _pages_kept(state.id, kept) < state.confirmed_pages]
    if behind:
        yield warning(
            "outside",
            f"{kept.folder} lacks what was confirmed last to {', '.join(behind)}:"
            " a restore on this machine would not tell what these have to send again",
            "Share the folder among the machines that poll rooms, as keys/ is.",
        )


def _pages_kept(room: str, kept: Outside) -> int:
    found = kept.confirmed(room)
    return found[0].pages if found else 0


def _reading(room: RoomView, now: datetime) -> Finding:
    topic = f"room {room.id}"
    owed = f"{room.undelivered} tellings undelivered"
    if room.undelivered_since:
        owed += f", the oldest for {span((now - room.undelivered_since).total_seconds())}"
    if room.reading is Reading.UNREAD:
        remedy = "Start one: dispatch-bus serve intake, and look at its log."
        return problem(topic, f"no process reads it; {owed}", remedy)
    if room.unreachable_since:
        silent = span((now - room.unreachable_since).total_seconds())
        remedy = "Call the room; what it has to be told waits for it."
        return warning(topic, f"does not answer for {silent}; {owed}", remedy)
    return ok(topic, f"answers; {room.records:,} records read; {owed}")


def _inbox(room: RoomView, now: datetime) -> Iterator[Finding]:
    if room.inbox_full_since:
        since = span((now - room.inbox_full_since).total_seconds())
        yield warning(
            f"room {room.id}",
            f"its inbox is full for {since}; {room.inbox_waiting} messages wait in it",
            "Have the room read its inbox; until then its tellings wait in the bus.",
        )


def _clock(room: RoomView) -> Iterator[Finding]:
    ahead = room.clock_ahead_s
    if ahead is not None and abs(ahead) > _CLOCK_S:
        yield warning(
            "clock",
            f"the clock of room {room.id} is {ahead:+.1f} s from the database's",
            "Tell the room; times that it says are off by as much.",
        )
