"""Reads quarantined records again when a person has asked for it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from dispatch_bus.application import deciding
from dispatch_bus.application.bus import Bus, Gate
from dispatch_bus.application.intake import reads
from dispatch_bus.application.quarantining import Origin, note, our_fault
from dispatch_bus.application.records import act_on
from dispatch_bus.domain.errors import Refused, Retry, Stop
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import Meaning
from dispatch_bus.store.quarantine import Quarantined, QuarantineState
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
# As long as a record has within a page. Two attempts leave the next pull its turn in time.
READ_DEADLINE_S = 2.0
REPLAYS_AT_ONCE = 20


def replay_asked(bus: Bus, rooms: Collection[str], gate: Callable[[str], Gate]) -> int:
    """Read again what people have asked for of these rooms; return how many records.

    Raises:
        Retry: the database did not answer, or a room's process; the others' were read.
    """
    with bus.store.begin() as uow:
        asked = uow.quarantine.rooms_replaying()
    done, failures = 0, []
    for room in sorted(asked.intersection(rooms)):
        try:
            done += replay(bus, room, gate(room)) or 0
        except Retry as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return done


def replay(bus: Bus, room: str, gate: Gate) -> int | None:
    """Read quarantined records again that a person has asked for; return how many.

    Returns none, and leaves the gate alone, where another process reads the room.
    """
    with bus.store.begin() as uow:
        if not reads(bus, uow, room):
            return None
        asked = uow.quarantine.replaying(room, REPLAYS_AT_ONCE)
    return sum(_replay_one(bus, one, gate) for one in asked)


def _replay_one(bus: Bus, kept: Quarantined, gate: Gate) -> bool:
    """Read one record again; false where this process reads the room no more."""
    try:
        with bus.store.begin() as uow:
            if not reads(bus, uow, kept.room):
                return False
            raw = uow.quarantine.bytes_of(kept.id)
        meaning = gate.read(raw, deadline_s=READ_DEADLINE_S)
    except Refused as reason:
        _give_back(bus, kept, reason)
        return True
    try:
        _carry_out(bus, kept, meaning)
    except (Retry, Stop):
        raise
    except Exception as fault:  # noqa: BLE001
        # Else it would be read again for ever, and nothing behind it.
        _log.exception("a record is not replayed for a fault", room=kept.room)
        _give_back(bus, kept, our_fault(kept.record, fault))
    return True


def _carry_out(bus: Bus, kept: Quarantined, meaning: Meaning) -> None:
    position = meaning.place.position if isinstance(meaning, Report) else None
    (locality,) = bus.geography.locate([position])
    with bus.store.begin() as uow:
        if _is_replaying(uow, kept):
            _settle_replay(bus, uow, kept, meaning, locality)


def _is_replaying(uow: UnitOfWork, kept: Quarantined) -> bool:
    return uow.quarantine.lock(kept.id).state is QuarantineState.REPLAYING


def _settle_replay(
    bus: Bus, uow: UnitOfWork, kept: Quarantined, meaning: Meaning, locality: Locality
) -> None:
    origin = Origin(room=kept.room, record=kept.record, correlation=kept.correlation)
    try:
        with uow.savepoint():
            filed = act_on(bus, uow, origin, meaning, locality, kept.received_at)
            if filed:
                deciding.leave(uow, [filed])
    except Refused as reason:
        _return(uow, kept, reason)
        return
    uow.quarantine.settle(kept.id, QuarantineState.REPLAYED, uow.now)
    note(uow, kept, EntryKind.QUARANTINE_REPLAYED, "intake")


def _give_back(bus: Bus, kept: Quarantined, reason: Refused) -> None:
    with bus.store.begin() as uow:
        if _is_replaying(uow, kept):
            _return(uow, kept, reason)


def _return(uow: UnitOfWork, kept: Quarantined, reason: Refused) -> None:
    uow.quarantine.return_(kept.id, reason)
    note(uow, kept, EntryKind.QUARANTINE_REPLAY_FAILED, "intake", field=reason.field)
