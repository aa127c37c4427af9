"""Carries out what one record of a room means: a case, an answer, or word of its inbox."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from dispatch_bus.application import answering, inboxes, recording
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.quarantining import Origin
from dispatch_bus.application.recording import Arrival
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.message import Received, Unread
from dispatch_bus.domain.notice import Answer
from dispatch_bus.sdk.adapter import Meaning
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork


def act_on(
    bus: Bus,
    uow: UnitOfWork,
    origin: Origin,
    meaning: Meaning | None,
    locality: Locality | None,
    pulled_at: datetime,
) -> Filed | None:
    """Carry out what a record means, which the room gave at ``pulled_at``.

    Returns the incident that is to be decided because of it.

    Raises:
        Refused: it does not fit what is known; nothing or only a part of it has been done.
    """
    if isinstance(meaning, Answer):
        _answer(bus, uow, origin, meaning)
    elif isinstance(meaning, Received):
        inboxes.received(bus, uow, origin, meaning)
    elif isinstance(meaning, Unread):
        inboxes.unread(uow, origin, meaning)
    elif meaning is not None and locality is not None:
        arrival = Arrival(
            room=origin.room,
            record=origin.record,
            report=meaning,
            content_hash=recording.content_hash(bus, meaning),
            locality=locality,
            correlation=origin.correlation,
            pulled_at=pulled_at,
        )
        return recording.record(bus, uow, arrival)
    return None


def _answer(bus: Bus, uow: UnitOfWork, origin: Origin, given: Answer) -> None:
    """Take an answer; one that comes too late or from the wrong side is journalled as refused."""
    # The id is the room's own: the other end may have used the same one.
    given = evolve(given, id=f"{origin.room}/{given.id}")
    speaking = frozenset(c.id for c in bus.book.centres.values() if c.room == origin.room)
    notice = uow.notices.get(given.notice)
    received = Happening(
        EntryKind.ANSWER_RECEIVED,
        {"room": origin.room, "record": origin.record, "answer": given.id},
    )
    about = About(
        correlation=origin.correlation,
        incident=notice.incident,
        notice=notice.id,
        mode=notice.mode,
    )
    uow.journal.append(uow.now, about, received)
    try:
        answering.take(bus, uow, given, speaking)
    except Refused as reason:
        answering.refuse(uow, given, reason)
