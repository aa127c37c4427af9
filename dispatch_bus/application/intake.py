"""Pulls pages from rooms and stores each whole: records, cursor and journal at once.

A page is confirmed to its room only after it is stored. A record that cannot be stored is
quarantined as its bytes, with its reason, and the page goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from attrs import define, evolve, frozen

from dispatch_bus.application import leasing, recording
from dispatch_bus.application.bus import Bus, Gate
from dispatch_bus.application.quarantining import Origin, quarantine
from dispatch_bus.application.records import act_on
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.page import Page, Record
from dispatch_bus.store.failures import Unstorable
from dispatch_bus.store.journal import About
from dispatch_bus.store.outside import Confirmed
from dispatch_bus.store.rooms import RoomState
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
# After so long a turn ends even where a room has always something new.
_TURN = timedelta(seconds=1)


@frozen(kw_only=True)
class _Located:
    """A record with where it is, as far as it has a place."""

    record: Record
    locality: Locality | None


def pull(bus: Bus, room: str, gate: Gate) -> int | None:
    """Pull and store what a room has, then confirm it; return how many records that were.

    It ends when the room has nothing new, at the latest a second after the first page: so one
    confirmation does for all pages of a busy second.

    Returns none, and leaves the gate alone, where another process reads the room.

    Raises:
        Retry: the backlog is full, or the room or the database did not answer; a room that does
            not is marked as failing.
    """
    state = _may_pull(bus, room)
    return None if state is None else _Turn(bus, gate, state).run()


@define
class _Turn:
    """One room's pages, each stored before the next is asked for."""

    _bus: Bus
    _gate: Gate
    _state: RoomState
    _ends: datetime | None = None

    def run(self) -> int:
        records = 0
        while (page := self._next()).records:
            records += len(page.records)
            if not self._store(page):
                return records
            if self._left_s <= 0:
                break
        self._confirm()
        return records

    @property
    def _left_s(self) -> float:
        if self._ends is None or self._state.pulled_at is None:
            return self._bus.limits.pull_wait_s
        return (self._ends - self._state.pulled_at).total_seconds()

    def _next(self) -> Page:
        room = self._state.id
        try:
            page = _fetch(self._bus, self._state, self._gate, self._left_s)
        except (Retry, Refused):
            _mark_failing(self._bus, room)
            raise
        if self._state.failing_since:
            _mark_recovered(self._bus, room)
            self._state = evolve(self._state, failing_since=None)
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


def _may_pull(bus: Bus, room: str) -> RoomState | None:
    backlog = bus.limits.backlog
    with bus.store.begin() as uow:
        if not reads(bus, uow, room):
            return None
        if uow.incidents.undecided(backlog) >= backlog:
            raise Retry(f"{backlog} incidents wait for a decision; not pulling {room}")
        return uow.rooms.get(room)


def reads(bus: Bus, uow: UnitOfWork, room: str) -> bool:
    """Tell whether this process is the one that reads a room; it is from now on if nobody is."""
    hold = timedelta(seconds=bus.limits.lease_s)
    return uow.signals.lease(leasing.reading(room), bus.holder, uow.now, hold)


def _fetch(bus: Bus, state: RoomState, gate: Gate, wait_s: float) -> Page:
    limits = bus.limits
    page = gate.pull(
        state.cursor,
        # What failed may be the size of the page: whoever asks again for as much never gets on.
        limit=1 if state.failing_since else limits.page,
        wait_s=min(wait_s, limits.pull_wait_s),
        deadline_s=limits.pull_deadline_s,
    )
    if page.records and page.cursor == state.cursor:
        raise Refused("cursor", page.cursor, "The room must move its cursor past what it sends.")
    return page


def store_page(bus: Bus, state: RoomState, page: Page) -> RoomState | None:
    """Store a page and move the cursor, or do neither; return where the reading stands then.

    Returns none when another reader was faster.
    """
    located = _locate(bus, page.records)
    try:
        return _store(bus, state, page, located, one_by_one=False)
    except Unstorable as reason:
        _log.warning("a page is stored record by record", room=state.id, reason=str(reason))
        return _store(bus, state, page, located, one_by_one=True)


def _locate(bus: Bus, records: Sequence[Record]) -> list[_Located]:
    reports = [one.understood for one in records]
    places = [one.place.position if isinstance(one, Report) else None for one in reports]
    localities = bus.geography.locate(places)
    return [
        _Located(record=one, locality=locality if isinstance(report, Report) else None)
        for one, report, locality in zip(records, reports, localities, strict=True)
    ]


def _store(
    bus: Bus, state: RoomState, page: Page, located: Sequence[_Located], *, one_by_one: bool
) -> RoomState | None:
    with bus.store.begin() as uow:
        stored = uow.rooms.advance(state, page.cursor, len(page.records), uow.now)
        if stored is None:
            return None
        answered = _lock(uow, state.id, page.records)
        if not one_by_one:
            _foresee(uow, state.id, page.records, answered)
        for one in located:
            guard = uow.savepoint() if one_by_one else nullcontext()
            _take(bus, uow, state.id, one, guard)
        return stored


def _lock(uow: UnitOfWork, room: str, records: Sequence[Record]) -> frozenset[UUID]:
    """Lock all that a page is about; return the incidents that it has answers for.

    All at once and in one order: the pages of two rooms that answer each other's incidents would
    else wait for each other.
    """
    numbers = [one.understood.number for one in records if isinstance(one.understood, Report)]
    given = [one.understood.notice for one in records if isinstance(one.understood, Answer)]
    notices = uow.notices.some(given).values() if given else ()
    answered = frozenset(notice.incident for notice in notices)
    uow.incidents.lock_all(answered, room, numbers)
    return answered


def _foresee(
    uow: UnitOfWork, room: str, records: Sequence[Record], answered: frozenset[UUID]
) -> None:
    """Read in a few statements what the records of a page will ask for one by one."""
    told = [(one.id, one.understood) for one in records if isinstance(one.understood, Report)]
    recording.foresee(uow, room, told)
    uow.foresee(answered)


def _take(
    bus: Bus, uow: UnitOfWork, room: str, one: _Located, guard: AbstractContextManager[None]
) -> None:
    origin = Origin(room=room, record=one.record.id, correlation=f"{room}:{one.record.id}")
    before = uow.changes
    try:
        if one.record.refusal is not None:
            raise one.record.refusal
        with guard:
            act_on(bus, uow, origin, one.record.understood, one.locality, uow.now)
    except Refused as reason:
        if isinstance(guard, nullcontext) and _is_half_done(uow, before, reason):
            raise Unstorable("half a record") from reason
        quarantine(bus, uow, origin, one.record.raw, reason)


def _is_half_done(uow: UnitOfWork, before: int, reason: Refused) -> bool:
    """Tell whether a record that is refused has left something that only a savepoint undoes."""
    return isinstance(reason, Unstorable) or uow.changes != before


def _mark_failing(bus: Bus, room: str) -> None:
    with bus.store.begin() as uow:
        if uow.rooms.fail(room, uow.now):
            happening = Happening(EntryKind.ROOM_UNREACHABLE, {"room": room, "side": "pull"})
            uow.journal.append(uow.now, About(correlation=f"{room}:pull"), happening)


def _mark_recovered(bus: Bus, room: str) -> None:
    with bus.store.begin() as uow:
        if uow.rooms.recover(room):
            happening = Happening(EntryKind.ROOM_REACHABLE, {"room": room, "side": "pull"})
            uow.journal.append(uow.now, About(correlation=f"{room}:pull"), happening)
