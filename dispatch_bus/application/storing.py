"""Stores pages whole: records, cursor, journal and decisions in one transaction.

A record that cannot be stored is quarantined as its bytes, with its reason, and its page goes on.
Pages of several rooms that come at the same moment share a transaction; where it fails, each has
one of its own, and where that fails, each record is undone alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from uuid import UUID

import structlog
from attrs import frozen

from dispatch_bus.application import deciding, recording
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.protecting import NoKey
from dispatch_bus.application.quarantining import Origin, our_fault, quarantine
from dispatch_bus.application.records import act_on
from dispatch_bus.domain.errors import Refused, Retry, Stop
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.message import Received, Unread, named
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Report
from dispatch_bus.observability.metrics import PAGES_DECIDED_LATER
from dispatch_bus.sdk.page import Page, Record
from dispatch_bus.store.failures import Unstorable
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.rooms import RoomState
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)


@frozen(kw_only=True)
class Pulled:
    """A page, and where the reading of its room stood before."""

    state: RoomState
    page: Page

    @property
    def room(self) -> str:
        """The room that it came from."""
        return self.state.id


@frozen(kw_only=True)
class _Located:
    """A record with where it is, as far as it has a place."""

    room: str
    record: Record
    locality: Locality | None


_Fault = tuple[_Located, Exception]


def store(bus: Bus, pages: Sequence[Pulled]) -> list[RoomState | Exception | None]:
    """Store pages, decide what they tell, and move their cursors.

    Returns for each where the reading stands then, none when another reader was faster, or why it
    could not be stored.

    Raises:
        Retry, Stop: as `Store.begin` does, for all of them.
    """
    if len({one.room for one in pages}) < max(2, len(pages)):
        return [_store_alone(bus, one) for one in pages]
    try:
        return [*_store_together(bus, pages)]
    except NoKey:
        return [_store_alone(bus, one) for one in pages]
    except (Retry, Stop):
        raise
    except Exception as reason:  # noqa: BLE001 - one page holds up no other
        _log.warning("pages are stored one by one", reason=_kind(reason))
        return [_store_alone(bus, one) for one in pages]


def _store_alone(bus: Bus, pulled: Pulled) -> RoomState | Exception | None:
    try:
        try:
            (stored,) = _store_together(bus, [pulled])
        except (Retry, Stop):
            raise
        except Exception as reason:  # noqa: BLE001 - one record, or its decision, holds up no other
            # A refusal is no fault of the code, and names the value that it refuses.
            trace = not isinstance(reason, Refused)
            what = "a page is stored record by record, and decided later"
            _log.warning(what, room=pulled.room, reason=_kind(reason), exc_info=trace)
            PAGES_DECIDED_LATER.inc()
            stored = _store_one_by_one(bus, pulled)
    except Exception as failure:  # noqa: BLE001 - raised where the page came from
        return failure
    return stored


def _store_together(bus: Bus, pages: Sequence[Pulled]) -> list[RoomState | None]:
    located = list(_locate(bus, pages))
    with bus.store.begin() as uow:
        answered = _prepare(uow, pages)
        stored = [uow.rooms.advanced(one.room) for one in pages]
        rooms = {state.id for state in stored if state}
        ours = [one for one in located if one.room in rooms]
        _foresee(uow, ours, answered)
        recorded: dict[UUID, tuple[Filed, Locality]] = {}
        for one in ours:
            filed = _take(bus, uow, one, nullcontext())
            if filed and one.locality:
                recorded[filed.id] = filed, one.locality
        deciding.decide_recorded(bus, uow, recorded.values())
        return stored


def _store_one_by_one(bus: Bus, pulled: Pulled) -> RoomState | None:
    located = _locate(bus, [pulled])
    faults: list[_Fault] = []
    try:
        with bus.store.begin() as uow:
            _prepare(uow, [pulled])
            stored = uow.rooms.advanced(pulled.room)
            if stored:
                deciding.leave(uow, _take_one_by_one(bus, uow, located, faults))
            return stored
    finally:
        # Not before: to put a fault into words takes a while, and the server ends who stands still.
        for one, why in faults:
            _log.error("the bus failed on a record", room=one.room, exc_info=why)


def _take_one_by_one(
    bus: Bus, uow: UnitOfWork, located: Iterable[_Located], faults: list[_Fault]
) -> list[Filed]:
    """Carry out each record, whatever comes of the others; add those that fail to ``faults``.

    What the bus itself fails on is quarantined, or its page would be asked for again for ever, and
    all that comes behind it; unless it fails on every one: then no record is to blame.
    """
    recorded: list[Filed | None] = []
    for one in located:
        try:
            recorded.append(_take(bus, uow, one, uow.savepoint()))
        except (Retry, Stop):
            raise
        except Exception as fault:  # noqa: BLE001 - it is told below, or raised
            faults.append((one, fault))
    if faults and not recorded:
        raise faults[0][1]
    for one, why in faults:
        quarantine(bus, uow, _origin(one), one.record.raw, our_fault(one.record.id, why))
    return [filed for filed in recorded if filed]


def _locate(bus: Bus, pages: Sequence[Pulled]) -> Iterator[_Located]:
    records = [(one.room, record) for one in pages for record in one.page.records]
    reports = [record.understood for _, record in records]
    places = [one.place.position if isinstance(one, Report) else None for one in reports]
    localities = bus.geography.locate(places)
    for (room, record), report, locality in zip(records, reports, localities, strict=True):
        at = locality if isinstance(report, Report) else None
        yield _Located(room=room, record=record, locality=at)


def _prepare(uow: UnitOfWork, pages: Sequence[Pulled]) -> frozenset[UUID]:
    """Lock all that pages are about, move the cursors, and read what does not depend on these.

    Returns the incidents that the pages have answers for. All are locked at once and in one order:
    the pages of two rooms that answer each other's incidents would else wait for each other.
    """
    given = {notice for one in pages for notice in _answered(one.page)}
    notices = uow.notices.some(given).values() if given else ()
    answered = frozenset(notice.incident for notice in notices)
    pages = sorted(pages, key=lambda one: one.room)
    reports = {one.room: _reports(one.page) for one in pages}
    sources = ((room, report.number) for room, told in reports.items() for report in told)
    uow.incidents.foresee_locks(answered, sources)
    for room, told in reports.items():
        recording.foresee(uow, room, told)
    for one in pages:
        uow.rooms.advance(one.state, one.page.cursor, len(one.page.records))
    uow.foresee(())
    return answered


def _answered(page: Page) -> Iterator[UUID]:
    """Yield the notices that a page has answers for, or word of in the room's inbox."""
    for one in page.records:
        if isinstance(one.understood, Answer):
            yield one.understood.notice
        elif isinstance(one.understood, Received | Unread):
            # One that names no message is refused when its turn comes.
            with suppress(Refused):
                yield named(one.understood.message)[0]


def _reports(page: Page) -> list[Report]:
    return [one.understood for one in page.records if isinstance(one.understood, Report)]


def _foresee(uow: UnitOfWork, located: Sequence[_Located], answered: frozenset[UUID]) -> None:
    """Read in a few statements what is known of the incidents that records are about."""
    told = [
        (incident, one.record.id, report.revision)
        for one in located
        if isinstance(report := one.record.understood, Report)
        and (incident := uow.incidents.newest(one.room, report.number))
    ]
    uncounted = [(incident, record) for incident, record, revision in told if revision is None]
    uow.incidents.foresee_records(uncounted)
    if known := answered.union(incident for incident, _, _ in told):
        uow.foresee(known)


def _take(
    bus: Bus, uow: UnitOfWork, one: _Located, guard: AbstractContextManager[None]
) -> Filed | None:
    """Carry out a record, or quarantine it; return the incident that is to be decided."""
    origin = _origin(one)
    before = uow.changes
    try:
        if one.record.refusal is not None:
            raise one.record.refusal
        with guard:
            return act_on(bus, uow, origin, one.record.understood, one.locality, uow.now)
    except Refused as reason:
        if isinstance(guard, nullcontext) and _is_half_done(uow, before, reason):
            raise Unstorable("half a record") from reason
        quarantine(bus, uow, origin, one.record.raw, reason)
        return None


def _origin(one: _Located) -> Origin:
    correlation = f"{one.room}:{one.record.id}"
    return Origin(room=one.room, record=one.record.id, correlation=correlation)


def _is_half_done(uow: UnitOfWork, before: int, reason: Refused) -> bool:
    """Tell whether a record that is refused has left something that only a savepoint undoes."""
    return isinstance(reason, Unstorable) or uow.changes != before


def _kind(reason: Exception) -> str:
    """Say what went wrong; of all but the database's own refusals the kind, for they may quote."""
    return str(reason) if isinstance(reason, Unstorable) else type(reason).__name__
