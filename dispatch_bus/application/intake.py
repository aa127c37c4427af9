"""Pulls pages from rooms, has each stored, and confirms to the room what is stored, no more."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial

import structlog
from attrs import define, evolve

from dispatch_bus.application import leasing
from dispatch_bus.application.bus import Bus, Gate
from dispatch_bus.application.storing import Pulled, store
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.sdk.page import Page
from dispatch_bus.store.journal import About
from dispatch_bus.store.outside import Confirmed
from dispatch_bus.store.rooms import RoomState
from dispatch_bus.store.signals import Held
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
# After so long a turn ends even where a room has always something new.
_TURN = timedelta(seconds=1)
# Less than this of a turn is not worth a question.
_LEAST_S = 0.01
# A room that does not wait for something new is asked for it this often.
_EMPTY_S = 0.25


def pull(bus: Bus, room: str, gate: Gate) -> int | None:
    """Pull and store what a room has, then confirm it; return how many records that were.

    It ends when the room has nothing new, at the latest a second after the first page: so one
    confirmation does for all pages of a busy second.

    Returns none, and lets the gate rest, where another process reads the room, or wants to and has
    fewer.

    Raises:
        Retry: the backlog is full, or the room or the database did not answer; a room that does
            not is marked as failing.
    """
    found = _may_pull(bus, room)
    if found is None:
        gate.rest()
        return None
    held, state = found
    if held.wanted_by and gate.rest():
        leasing.hand_over(bus, held)
        return None
    return _Turn(bus, gate, state).run()


@define
class _Turn:
    """One room's pages, each stored before the next is asked for."""

    _bus: Bus
    _gate: Gate
    _state: RoomState
    _ends: datetime | None = None
    _rest_s: float = 0.0

    def run(self) -> int:
        """Read; rest where the room had nothing new and did not wait for it."""
        records = self._read()
        time.sleep(self._rest_s)
        return records

    def _read(self) -> int:
        records = 0
        while (page := self._next()).records:
            records += len(page.records)
            if not self._store(page):
                return records
            if self._left_s < _LEAST_S:
                break
        self._confirm()
        return records

    @property
    def _left_s(self) -> float:
        if self._ends is None or self._state.pulled_at is None:
            return self._bus.limits.pull_wait_s
        return (self._ends - self._state.pulled_at).total_seconds()

    def _next(self) -> Page:
        room, wait_s = self._state.id, min(self._left_s, self._bus.limits.pull_wait_s)
        asked = time.monotonic()
        try:
            page = _fetch(self._bus, self._state, self._gate, wait_s)
        except (Retry, Refused):
            self._bus.page_sizes[room] = 1
            _mark_failing(self._bus, room)
            self._confirm_before_failing()
            raise
        if self._state.failing_since:
            _mark_recovered(self._bus, room)
            self._state = evolve(self._state, failing_since=None)
        if not page.records:
            took_s = time.monotonic() - asked
            self._rest_s = max(0.0, min(wait_s, _EMPTY_S) - took_s)
        return page

    def _store(self, page: Page) -> bool:
        """Store a page; false when another reader was faster."""
        stored = store_page(self._bus, self._state, page)
        if stored is None:
            return False
        self._state = stored
        if stored.pulled_at:
            self._ends = self._ends or stored.pulled_at + _TURN
        return True

    def _confirm_before_failing(self) -> None:
        """Confirm what this turn has stored; if that fails as well, it is owed."""
        if self._ends is None:
            return
        try:
            self._confirm()
        except (Retry, Refused) as reason:
            _log.warning("a confirmation is owed", room=self._state.id, reason=str(reason))

    def _confirm(self) -> None:
        """Confirm what is stored unless the room was told: a confirmation that failed is owed."""
        state, bus = self._state, self._bus
        if state.cursor is None or state.pages == state.confirmed_pages:
            return
        page = Confirmed(
            room=state.id, pages=state.pages, records=state.records, cursor=state.cursor
        )
        # Before, not after: what the room was told has to be known when the database is lost.
        bus.outside.keep_confirmed(page)
        self._gate.confirm(state.cursor, deadline_s=bus.limits.pull_deadline_s)
        with bus.store.begin() as uow:
            uow.rooms.note_confirmed(state.id, state.pages)


def _may_pull(bus: Bus, room: str) -> tuple[Held, RoomState] | None:
    backlog = bus.limits.backlog
    with bus.store.begin() as uow:
        held = reads(bus, uow, room)
        if held is None:
            return None
        if uow.incidents.undecided(backlog) >= backlog:
            raise Retry(f"{backlog} incidents wait for a decision; not pulling {room}")
        return held, uow.rooms.get(room)


def reads(bus: Bus, uow: UnitOfWork, room: str) -> Held | None:
    """Return the lease by which this process reads a room, from now on if nobody did; else none."""
    return uow.signals.lease(leasing.reading(room), bus.holder, uow.now, bus.limits.lease)


def _fetch(bus: Bus, state: RoomState, gate: Gate, wait_s: float) -> Page:
    limits, sizes = bus.limits, bus.page_sizes
    # What failed may be the size of the page: whoever asks again for as much never gets on.
    size = 1 if state.failing_since else sizes.get(state.id, limits.page)
    page = gate.pull(
        state.cursor,
        limit=size,
        wait_s=wait_s,
        deadline_s=limits.pull_deadline_s,
    )
    if page.records and page.cursor == state.cursor:
        raise Refused("cursor", page.cursor, "The room must move its cursor past what it sends.")
    sizes[state.id] = min(2 * size, limits.page) if page.records else size
    return page


def store_page(bus: Bus, state: RoomState, page: Page) -> RoomState | None:
    """Store a page and move the cursor, or do neither; return where the reading stands then.

    Returns none when another reader was faster. Pages that come at the same moment are stored
    together.
    """
    stored: RoomState | None = bus.pages.ask(Pulled(state=state, page=page), partial(store, bus))
    return stored


def _mark_failing(bus: Bus, room: str) -> None:
    with bus.store.begin() as uow:
        # Whoever lost the room meanwhile knows nothing of how it is.
        if reads(bus, uow, room) and uow.rooms.fail(room, uow.now):
            happening = Happening(EntryKind.ROOM_UNREACHABLE, {"room": room, "side": "pull"})
            uow.journal.append(uow.now, About(correlation=f"{room}:pull"), happening)


def _mark_recovered(bus: Bus, room: str) -> None:
    with bus.store.begin() as uow:
        if uow.rooms.recover(room):
            happening = Happening(EntryKind.ROOM_REACHABLE, {"room": room, "side": "pull"})
            uow.journal.append(uow.now, About(correlation=f"{room}:pull"), happening)
