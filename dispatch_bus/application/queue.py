"""The handoff queue, as a supervisor watches it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.rooms import Reading, RoomView, views
from dispatch_bus.domain.centre import SecondChannel
from dispatch_bus.domain.notice import Notice, Side
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.unit import UnitOfWork

# Time for one telephone call before the offer expires.
NEAR_S = 15.0


class AnswerTime(StrEnum):
    """Where an offer stands against its answer time; a proposal has none yet."""

    NONE = "none"
    IN_TIME = "in_time"
    NEAR = "near"
    PAST = "past"


@frozen(kw_only=True)
class Call:
    """Whom to call, and the way to the centre beside the bus."""

    centre: str
    name: str
    phone: str
    second_channel: SecondChannel


@frozen(kw_only=True)
class Delivery:
    """How the newest telling to one side stands.

    ``not_delivered`` is what the sender's card says: it is undelivered for longer than the bus
    allows, or the room will never take it. ``call`` is then whom to call, if the book still says.
    """

    side: Side
    centre: str
    room: str | None
    told_at: datetime
    delivered: bool
    not_delivered: bool
    attempts: int
    call: Call | None


@frozen(kw_only=True)
class Queued:
    """A handoff in the queue, with what a supervisor says on the telephone about it.

    ``age_s`` and ``seconds_left`` (negative once past) are in seconds at the queue's instant.
    """

    handoff: Notice
    case: str
    priority: int
    category: str | None
    municipality: str | None
    age_s: float
    answer_time: AnswerTime
    seconds_left: float | None
    deliveries: tuple[Delivery, ...]


@frozen(kw_only=True)
class Queue:
    """The queue at the instant ``at``, oldest first; ``complete`` says that nothing was cut off.

    ``unanswered`` are expired offers whose part found no taker while its incident is open.
    """

    at: datetime
    pending: tuple[Queued, ...]
    unanswered: tuple[Queued, ...]
    unreachable: tuple[RoomView, ...]
    complete: bool


def queue(bus: Bus, limit: int) -> Queue:
    """Return at most ``limit`` pending handoffs and as many unanswered ones."""
    with bus.store.begin() as uow:
        pending = uow.notices.pending_handoffs(limit + 1)
        unanswered = uow.notices.unanswered_handoffs(limit + 1)
        return Queue(
            at=uow.now,
            pending=_queued(bus, uow, pending[:limit]),
            unanswered=_queued(bus, uow, unanswered[:limit]),
            unreachable=tuple(
                one for one in views(bus, uow) if one.reading is not Reading.REACHABLE
            ),
            complete=max(len(pending), len(unanswered)) <= limit,
        )


def _queued(bus: Bus, uow: UnitOfWork, handoffs: Sequence[Notice]) -> tuple[Queued, ...]:
    incidents = uow.incidents.some({one.incident for one in handoffs})
    deliveries = defaultdict(list)
    for row in uow.deliveries.of_notices([one.id for one in handoffs]):
        deliveries[row.notice].append(_delivery(bus, row, uow.now))
    return tuple(_one(one, incidents, deliveries[one.id], uow.now) for one in handoffs)


def _one(
    handoff: Notice, incidents: dict[UUID, Filed], deliveries: Iterable[Delivery], now: datetime
) -> Queued:
    filed = incidents[handoff.incident]
    report = filed.report
    left = (handoff.deadline - now).total_seconds() if handoff.deadline else None
    return Queued(
        handoff=handoff,
        case=filed.source.number,
        priority=filed.priority,
        category=report.classification.category if report else None,
        municipality=report.place.municipality if report else None,
        age_s=(now - handoff.opened_at).total_seconds(),
        answer_time=_answer_time(left, is_open=handoff.is_open),
        seconds_left=left,
        deliveries=tuple(sorted(deliveries, key=lambda one: one.side)),
    )


def _answer_time(left: float | None, *, is_open: bool) -> AnswerTime:
    if left is None:
        return AnswerTime.NONE if is_open else AnswerTime.PAST
    if left > NEAR_S:
        return AnswerTime.IN_TIME
    return AnswerTime.NEAR if left > 0 else AnswerTime.PAST


def _delivery(bus: Bus, row: Any, now: datetime) -> Delivery:
    delivered = row.delivered >= row.sequence
    late = (now - row.told_at).total_seconds() >= bus.limits.overdue_s
    not_delivered = not delivered and (late or row.stuck)
    return Delivery(
        side=Side(row.side),
        centre=row.centre,
        room=row.room,
        told_at=row.told_at,
        delivered=delivered,
        not_delivered=not_delivered,
        attempts=row.attempts,
        call=_call(bus, row.centre) if not_delivered else None,
    )


def _call(bus: Bus, name: str) -> Call | None:
    # One centre that has left the book must not hide the queue from everybody.
    centre = bus.book.centres.get(name)
    if centre is None:
        return None
    return Call(
        centre=centre.id,
        name=centre.name,
        phone=centre.phone,
        second_channel=centre.second_channel,
    )
