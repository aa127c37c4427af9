"""Keeps records that cannot be understood, and reads them again when a person asks for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.protecting import new_key
from dispatch_bus.domain.errors import NotAllowed, Refused
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.store.journal import About
from dispatch_bus.store.keys import Erased
from dispatch_bus.store.quarantine import Quarantined, QuarantineState
from dispatch_bus.store.unit import UnitOfWork

# Stands for a room where a message of the broker was no record at all; no room has such an id.
BROKER = "(broker)"


@frozen(kw_only=True)
class Origin:
    """Which record of which room, and the correlation id it was given."""

    room: str
    record: str
    correlation: str


def quarantine(bus: Bus, uow: UnitOfWork, origin: Origin, raw: bytes, reason: Refused) -> None:
    """Keep a record's bytes with the reason; its value is sealed, for it may be personal.

    One that is kept already is noted as repeated: a room may send a page again.

    Raises:
        Retry: the key of today is not to be had.
    """
    if known := uow.quarantine.find(origin.room, origin.record, raw):
        note(uow, known, EntryKind.RECORD_REPEATED, "intake")
    else:
        _keep(bus, uow, origin, raw, reason)


def our_fault(record: str, fault: Exception) -> Refused:
    """Say of a record that the bus itself failed on it, and what to do."""
    what = f"The bus failed on it ({type(fault).__name__}): have it mended, then replay the record."
    return Refused("record", record, what)


def _keep(bus: Bus, uow: UnitOfWork, origin: Origin, raw: bytes, reason: Refused) -> None:
    kept = Quarantined(
        id=bus.new_id(),
        room=origin.room,
        record=origin.record,
        state=QuarantineState.WAITING,
        field=reason.field,
        remedy=reason.remedy,
        bytes=len(raw),
        correlation=origin.correlation,
        received_at=uow.now,
    )
    uow.quarantine.add(kept, raw, new_key(bus, uow))
    facts = {
        "room": origin.room,
        "record": origin.record,
        "quarantine": str(kept.id),
        "field": reason.field,
        "bytes": len(raw),
    }
    happening = Happening(EntryKind.RECORD_QUARANTINED, facts)
    uow.journal.append(uow.now, About(correlation=origin.correlation), happening)


def consult(bus: Bus, record: UUID, by: str) -> bytes:
    """Return a record's bytes to a person. They may be personal, so the look is journalled."""
    with bus.store.begin() as uow:
        found = uow.quarantine.lock(record)
        note(uow, found, EntryKind.CONSULTED, by)
        return uow.quarantine.bytes_of(record)


def ask_replay(bus: Bus, record: UUID, mended: bytes | None, by: str) -> Quarantined:
    """Ask for a record to be read again; intake does so within a second.

    ``by`` is the account that asks, and that has mended the bytes where they are given.

    Raises:
        NotAllowed: it has been settled already, its bytes have been erased, or it is of no room.
    """
    with bus.store.begin() as uow:
        found = uow.quarantine.lock(record)
        if found.state is not QuarantineState.WAITING:
            remedy = "Only a record that is waiting can be replayed."
            raise NotAllowed("state", found.state.value, remedy)
        if found.room == BROKER:
            remedy = "It came from the broker, and no room can read it: dismiss it."
            raise NotAllowed("room", found.room, remedy)
        try:
            uow.quarantine.replay(record, mended)
        except Erased as erased:
            remedy = "Its bytes are gone with that day's key: dismiss it."
            raise NotAllowed(erased.field, erased.value, remedy) from None
        note(uow, found, EntryKind.QUARANTINE_REPLAY_ASKED, by, mended=mended is not None)
        return found


def dismiss(bus: Bus, record: UUID, by: str) -> Quarantined:
    """Settle a record that needs no replay; its bytes stay until their retention ends."""
    with bus.store.begin() as uow:
        found = uow.quarantine.lock(record)
        if found.state is not QuarantineState.WAITING:
            remedy = "Only a record that is waiting can be dismissed."
            raise NotAllowed("state", found.state.value, remedy)
        uow.quarantine.settle(record, QuarantineState.DISMISSED, uow.now)
        note(uow, found, EntryKind.QUARANTINE_DISMISSED, by)
        return found


def note(uow: UnitOfWork, record: Quarantined, kind: EntryKind, by: str, **more: Any) -> None:
    """Journal what somebody did with a record, with the facts in ``more``."""
    facts = {
        "quarantine": str(record.id),
        "room": record.room,
        "record": record.record,
        "by": by,
        **more,
    }
    uow.journal.append(uow.now, About(correlation=record.correlation), Happening(kind, facts))
