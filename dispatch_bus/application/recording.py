"""Files one report: a new incident, a revision, a stub, or nothing new at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.protecting import new_key
from dispatch_bus.application.telling import about_incident
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.incident import (
    Incident,
    Source,
    check_created,
    check_mode,
    check_times,
    merge_parts,
    same_case,
)
from dispatch_bus.domain.json import to_json
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.place import Position
from dispatch_bus.domain.report import Report
from dispatch_bus.domain.routing import concerns_neighbours
from dispatch_bus.store.copies import Told
from dispatch_bus.store.filed import Filed, Halves
from dispatch_bus.store.journal import About, Sealed
from dispatch_bus.store.keys import Erased, WrappedKey
from dispatch_bus.store.unit import UnitOfWork

# A stub keeps a tenth of a degree, some ten kilometres: enough for statistics, not for a person.
_COARSE_DIGITS = 1


@frozen(kw_only=True)
class Arrival:
    """A report with what the bus knows about its coming."""

    room: str
    record: str
    report: Report
    content_hash: bytes
    locality: Locality
    correlation: str
    pulled_at: datetime


def record(bus: Bus, uow: UnitOfWork, arrival: Arrival) -> Filed | None:
    """File what a room reports, whatever it amounts to, with one journal entry.

    Returns the incident if it is to be decided now: it is new or has changed, and concerns
    neighbours.

    Raises:
        Refused: a centre is not the room's or has not that discipline, a clock is wrong, the case
            was of another mode, or its number stands for another case.
        Retry: the key of today is not to be had.
    """
    _check_centres(bus, arrival)
    check_times(arrival.report, uow.now)
    last = uow.incidents.latest(arrival.room, arrival.report.number)
    known = last if last and _same_case(last.case_created, arrival) else None
    if original := None if known else _original(bus, uow, arrival):
        about = About(correlation=arrival.correlation, incident=original, mode=arrival.report.mode)
        uow.journal.append(uow.now, about, _happening(EntryKind.INCIDENT_RECOGNISED, arrival))
    elif known is None:
        return _file_new(bus, uow, arrival, last.source.generation + 1 if last else 1)
    elif repeated := _nothing_new(uow, known, arrival):
        _repeat(uow, arrival, known, repeated)
    else:
        return _revise(bus, uow, arrival, known)
    return None


def foresee(uow: UnitOfWork, room: str, told: Sequence[Report]) -> None:
    """Read with the next question which of a room's reports are of copies from the bus.

    The incidents that they may revise are locked by then.
    """
    returns = (report.returns for report in told if report.returns)
    uow.copies.foresee(room, (report.number for report in told), returns)


def _same_case(created: datetime, arrival: Arrival) -> bool:
    return same_case(created, arrival.report.times.case_created)


def _check_centres(bus: Bus, arrival: Arrival) -> None:
    for part in arrival.report.parts:
        field = f"parts.{part.discipline}"
        centre = bus.book.centres.get(part.centre)
        if centre is None or centre.room != arrival.room:
            raise Refused(field, part.centre, f"Name a centre that works on room {arrival.room}.")
        if part.discipline not in centre.disciplines:
            raise Refused(field, part.centre, f"Name a centre that handles {part.discipline}.")


def _original(bus: Bus, uow: UnitOfWork, arrival: Arrival) -> UUID | None:
    """Return the incident that this report is a copy of: what the bus sent to the room.

    The room says so itself, or accepted a handoff under this number. A case that the room has
    told as its own stays its own, whatever it says later (so this is not asked then), and a
    number that it uses again is another case.
    """
    room, report = arrival.room, arrival.report
    told = uow.copies.returning(report.returns, room, report.number) if report.returns else None
    if told and _was_told(bus, room, told):
        uow.copies.add(room, report.number, told.id)
        return told.id
    copy = uow.copies.known_as(room, report.number)
    return copy.id if copy and _same_case(copy.case_created, arrival) else None


def _was_told(bus: Bus, room: str, told: Told) -> bool:
    """Tell whether the bus sent an incident to a room: of no other can it have a copy."""
    centres = (bus.book.centres.get(receiver) for receiver in told.receivers)
    return any(centre is not None and centre.room == room for centre in centres)


def _nothing_new(uow: UnitOfWork, known: Filed, arrival: Arrival) -> EntryKind | None:
    if _is_older(uow, known, arrival):
        return EntryKind.INCIDENT_STALE
    if known.content_hash == arrival.content_hash:
        return EntryKind.INCIDENT_UNCHANGED
    if arrival.report.revision is None and uow.incidents.has_record(known.id, arrival.record):
        return EntryKind.INCIDENT_STALE
    return None


def _is_older(uow: UnitOfWork, known: Filed, arrival: Arrival) -> bool:
    """Tell whether a record is older than what is known, by the room's count.

    Without one, only a record that was in quarantine while its room went on is older, by the time
    at which it came. The room's own clock tells only which of one page is older: it may jump, and
    what comes after that is not to be lost.
    """
    told, last = arrival.report.revision, known.source_revision
    if told is not None and last is not None:
        return told < last
    was_kept = arrival.pulled_at < uow.now
    given = arrival.pulled_at, arrival.report.times.available
    return was_kept and given < (known.pulled_at, known.available_at)


def _repeat(uow: UnitOfWork, arrival: Arrival, known: Filed, kind: EntryKind) -> None:
    if kind is EntryKind.INCIDENT_STALE and _is_older(uow, known, arrival):
        check_created(known.case_created, arrival.report)
    uow.journal.append(uow.now, about_incident(known), _happening(kind, arrival))
    if kind is EntryKind.INCIDENT_UNCHANGED:
        _note_newest(uow, known, arrival)
    _remember(uow, known, arrival)


def _note_newest(uow: UnitOfWork, known: Filed, arrival: Arrival) -> None:
    """Let what is older than this be stale from now on, although this brought nothing new."""
    if arrival.report.revision is not None:
        uow.incidents.note_source_revision(known.id, arrival.report.revision)
    elif arrival.pulled_at > known.pulled_at and not uow.incidents.has_record(
        known.id, arrival.record
    ):
        available = arrival.report.times.available
        uow.incidents.note_given(known.id, arrival.pulled_at, available)


def _remember(uow: UnitOfWork, filed: Filed, arrival: Arrival) -> None:
    """Note a record without a count: when it comes again, only its name says that it is old."""
    if arrival.report.revision is None:
        uow.incidents.note_record(filed.id, arrival.record)


def content_hash(bus: Bus, report: Report) -> bytes:
    """Hash what a report says, under a key, without its revision number and time of publication.

    A plain hash of a person's data could be guessed from a list of candidates.
    """
    plain = to_json(report)
    plain.pop("revision", None)
    plain["times"].pop("available")
    return bus.store.keys.content_hash(json.dumps(plain, sort_keys=True).encode())


def _file_new(bus: Bus, uow: UnitOfWork, arrival: Arrival, generation: int) -> Filed | None:
    report = arrival.report
    filed = Filed(
        id=bus.new_id(),
        source=Source(room=arrival.room, number=report.number, generation=generation),
        revision=1,
        decided_revision=0,
        parts=merge_parts((), report),
        key=new_key(bus, uow),
        correlation=arrival.correlation,
        recorded_at=uow.now,
        report=report,
        **_from_report(arrival),
    )
    if _keep_whole(bus, filed, arrival):
        uow.notices.has_none(filed.id)
        return _note(uow, filed, arrival, uow.incidents.add(filed))
    _note_stub(uow, filed, arrival, is_new=True)
    return None


def _revise(bus: Bus, uow: UnitOfWork, arrival: Arrival, known: Filed) -> Filed | None:
    check_mode(known.mode, arrival.report)
    filed = attrs.evolve(
        known,
        revision=known.revision + 1,
        key=_usable_key(bus, uow, known.key),
        coarse=None,
        parts=merge_parts(known.parts, arrival.report),
        recorded_at=uow.now,
        report=arrival.report,
        correlation=arrival.correlation,
        **_from_report(arrival),
    )
    # What was once of concern stays whole: its neighbours are to learn how it ended.
    if known.report is not None or _keep_whole(bus, filed, arrival):
        return _note(uow, filed, arrival, uow.incidents.revise(filed))
    _note_stub(uow, filed, arrival, is_new=False)
    return None


def _usable_key(bus: Bus, uow: UnitOfWork, key: WrappedKey) -> WrappedKey:
    """Return the case's key, or one of today where a long case has outlived its first."""
    try:
        bus.store.keys.open(key)
    except Erased:
        return new_key(bus, uow)
    return key


def _from_report(arrival: Arrival) -> dict[str, Any]:
    report = arrival.report
    return {
        "source_revision": report.revision,
        "content_hash": arrival.content_hash,
        "mode": report.mode,
        "priority": int(report.classification.priority),
        "case_created": report.times.case_created,
        "available_at": report.times.available,
        "pulled_at": arrival.pulled_at,
    }


def _keep_whole(bus: Bus, filed: Filed, arrival: Arrival) -> bool:
    incident: Incident = filed.incident
    return concerns_neighbours(incident, arrival.locality, bus.book)


def _note(uow: UnitOfWork, filed: Filed, arrival: Arrival, halves: Halves) -> Filed:
    day = filed.key.day.isoformat()
    sealed = Sealed(ciphertext=halves.sealed, key=day) if halves.sealed else None
    facts = {"revision": filed.revision, "report": halves.plain}
    happening = _happening(EntryKind.INCIDENT_RECORDED, arrival, **facts)
    uow.journal.append(uow.now, about_incident(filed), happening, sealed)
    _remember(uow, filed, arrival)
    return filed


def _note_stub(uow: UnitOfWork, filed: Filed, arrival: Arrival, *, is_new: bool) -> None:
    position = arrival.report.place.position
    stub = attrs.evolve(
        filed, report=None, decided_revision=filed.revision, coarse=_coarse(position)
    )
    (uow.incidents.add if is_new else uow.incidents.revise)(stub)
    happening = _happening(EntryKind.INCIDENT_STUBBED, arrival, revision=filed.revision)
    uow.journal.append(uow.now, about_incident(stub), happening)
    _remember(uow, stub, arrival)


def _coarse(position: Position | None) -> tuple[float, float] | None:
    if position is None:
        return None
    return round(position.lon, _COARSE_DIGITS), round(position.lat, _COARSE_DIGITS)


def _happening(kind: EntryKind, arrival: Arrival, **more: Any) -> Happening:
    ahead = (arrival.report.times.available - arrival.pulled_at).total_seconds()
    facts = {
        "room": arrival.room,
        "record": arrival.record,
        "number": arrival.report.number,
        "centres": sorted({part.centre for part in arrival.report.parts}),
        "available_at": arrival.report.times.available.isoformat(),
        "pulled_at": arrival.pulled_at.isoformat(),
        **more,
    }
    if ahead > 1:
        facts["room_clock_ahead_s"] = round(ahead, 3)
    return Happening(kind, facts)
