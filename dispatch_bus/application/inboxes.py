"""Rooms that are reached through an inbox: how it stands, and what became of what waited in it."""

from __future__ import annotations

from collections.abc import Collection

from dispatch_bus.application import outcomes
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.quarantining import Origin
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.message import Receipt, Received, Unread, UnreadReason, named
from dispatch_bus.sdk.adapter import RoomStatus
from dispatch_bus.sdk.mailbox import Full
from dispatch_bus.store.claims import Telling
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork


def received(bus: Bus, uow: UnitOfWork, origin: Origin, word: Received) -> None:
    """Take a room's receipt for a message that waited in its inbox: now it is delivered.

    One for a telling that another has overtaken says nothing of the newer one, which has a receipt
    to come.

    Raises:
        Refused: the room was never told such a thing.
    """
    telling, is_newest = _telling(uow, origin.room, word.message)
    if is_newest:
        receipt = Receipt(reference=word.reference, received=word.received)
        outcomes.received(bus, uow, telling, receipt)


def unread(uow: UnitOfWork, origin: Origin, word: Unread) -> None:
    """Note that nobody took a message out of an inbox: it goes there again, unless it is overtaken.

    One that the room would not have, or could not take in many attempts, stays undelivered.

    Raises:
        Refused: the room was never told such a thing.
    """
    telling, is_newest = _telling(uow, origin.room, word.message)
    facts = {"message": word.message, "reason": word.reason.value, "left_at": word.at.isoformat()}
    outcomes.note(uow, telling, EntryKind.DELIVERY_UNREAD, **facts, overtaken=not is_newest)
    if is_newest:
        stuck = word.reason is not UnreadReason.EXPIRED
        uow.claims.take_back(telling, uow.now, stuck=stuck)


def note_status(uow: UnitOfWork, room: str, status: RoomStatus) -> None:
    """Note how a room's inbox stands; one that nobody reads makes the room unreachable."""
    if status.waiting is None:
        return
    if uow.inboxes.note(room, status.waiting, uow.now, attended=status.attended):
        kind = EntryKind.ROOM_REACHABLE if status.attended else EntryKind.ROOM_UNREACHABLE
        _note(uow, kind, room, side="inbox")


def note_outcomes(uow: UnitOfWork, room: str, returned: Collection[object]) -> None:
    """Note whether a room's inbox took what it was told."""
    full = next((one for one in returned if isinstance(one, Full)), None)
    if full and uow.inboxes.fill(room, full.waiting, uow.now):
        _note(uow, EntryKind.INBOX_FULL, room, waiting=full.waiting)
    elif not full and any(_is_posted(one) for one in returned) and uow.inboxes.free(room):
        _note(uow, EntryKind.INBOX_FREE, room)


def _is_posted(outcome: object) -> bool:
    return isinstance(outcome, Receipt) and outcome.waits_s is not None


def _telling(uow: UnitOfWork, room: str, message: str) -> tuple[Telling, bool]:
    notice, side, sequence = named(message)
    telling = uow.claims.in_inbox(notice, side, room)
    if telling is None or telling.message.sequence < sequence:
        raise Refused("message", message, "Send the id of a message that this room was told.")
    return telling, telling.message.sequence == sequence


def _note(uow: UnitOfWork, kind: EntryKind, room: str, **facts: object) -> None:
    about = About(correlation=f"{room}:inbox")
    uow.journal.append(uow.now, about, Happening(kind, {"room": room, **facts}))
