"""How each room is doing: whether it is read, whether it answers, what it still lacks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from attrs import frozen

from dispatch_bus.application import leasing
from dispatch_bus.application.bus import Bus
from dispatch_bus.store.inboxes import InboxState
from dispatch_bus.store.rooms import RoomState
from dispatch_bus.store.unit import UnitOfWork

MOST_WAITING = 10_000
"""Of so many tellings that a room lacks it is worth knowing how many exactly."""


class Reading(StrEnum):
    """Whether a room's records reach the bus."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    UNREAD = "unread"


@frozen(kw_only=True)
class RoomView:
    """A room as a supervisor sees it.

    ``unread`` means that no process of the bus reads it, so nothing is known of it. ``undelivered``
    counts the tellings it still lacks, up to 10,000, the oldest of which was told at
    ``undelivered_since``; ``clock_ahead_s`` is how far its clock was ahead of the bus's when last
    measured. Where an inbox stands between, ``inbox_waiting`` messages were in it when last asked,
    and a room that leaves them there unread is unreachable; ``inbox_full_since`` is none while it
    takes more.
    """

    id: str
    centres: tuple[str, ...]
    reading: Reading
    unreachable_since: datetime | None
    records: int
    last_record_at: datetime | None
    undelivered: int
    undelivered_since: datetime | None
    clock_ahead_s: float | None
    inbox_waiting: int | None
    inbox_full_since: datetime | None


@frozen(kw_only=True)
class Rooms:
    """Every room of the book at the instant ``at``."""

    at: datetime
    items: tuple[RoomView, ...]


def rooms(bus: Bus) -> Rooms:
    """Return every room that a centre of the book works on."""
    with bus.store.begin() as uow:
        return Rooms(at=uow.now, items=views(bus, uow))


def views(bus: Bus, uow: UnitOfWork) -> tuple[RoomView, ...]:
    """Return every room within a transaction."""
    states = {state.id: state for state in uow.rooms.all()}
    known = sorted(rooms_of(bus))
    waiting = uow.deliveries.waiting(known, MOST_WAITING)
    inboxes = uow.inboxes.all()
    held = uow.signals.held(uow.now)
    return tuple(
        _view(bus, room, states.get(room), waiting.get(room, (0, None)), inboxes.get(room), held)
        for room in known
    )


def rooms_of(bus: Bus) -> frozenset[str]:
    """Return the rooms that the centres of the book work on."""
    return frozenset(one.room for one in bus.book.centres.values() if one.room)


def _view(
    bus: Bus,
    room: str,
    state: RoomState | None,
    waiting: tuple[int, datetime | None],
    inbox: InboxState | None,
    held: Iterable[str],
) -> RoomView:
    centres = tuple(sorted(one.id for one in bus.book.centres.values() if one.room == room))
    since = (state.failing_since if state else None) or (inbox.unattended_since if inbox else None)
    return RoomView(
        id=room,
        centres=centres,
        reading=_reading(room, since, held),
        unreachable_since=since,
        records=state.records if state else 0,
        last_record_at=state.pulled_at if state else None,
        undelivered=waiting[0],
        undelivered_since=waiting[1],
        clock_ahead_s=state.clock_ahead_s if state else None,
        inbox_waiting=inbox.waiting if inbox else None,
        inbox_full_since=inbox.full_since if inbox else None,
    )


def _reading(room: str, unreachable_since: datetime | None, held: Iterable[str]) -> Reading:
    # A room that nobody reads cannot be called reachable, however well it answered before.
    if leasing.reading(room) not in held:
        return Reading.UNREAD
    return Reading.UNREACHABLE if unreachable_since else Reading.REACHABLE
