"""What the bus says to a room: the present state of a notice, with the fields that may travel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from dispatch_bus.domain.agreement import Shareable
from dispatch_bus.domain.checks import aware, characters, to_utc
from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.notice import Notice, NoticeKind, NoticeState, Side
from dispatch_bus.domain.place import Address, Place
from dispatch_bus.domain.report import (
    Classification,
    Note,
    Person,
    Report,
    Times,
    Unit,
    Vehicle,
    Voice,
)


class Act(StrEnum):
    """What a message asks of its reader, or tells it."""

    MIRROR = "mirror"
    PROPOSAL = "proposal"
    OFFER = "offer"
    ACCEPTED = "accepted"
    TRANSFERRED = "transferred"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CLOSED = "closed"


@frozen(kw_only=True)
class Content:
    """What may travel of a report. What the agreement does not allow is absent."""

    place: Place | None = None
    classification: Classification | None = None
    hazards: tuple[str, ...] | None = None
    units: tuple[Unit, ...] | None = None
    voice: Voice | None = None
    times: Times | None = None
    address: Address | None = None
    notes: tuple[Note, ...] | None = None
    people: tuple[Person, ...] | None = None
    vehicles: tuple[Vehicle, ...] | None = None
    call_back: str | None = None


@frozen(kw_only=True)
class Message:
    """One telling of a notice to one centre.

    ``id`` is the same on every attempt, so a room that already has it answers with the same
    receipt. ``sequence`` grows with each telling to that side; one lower than what the room has
    is old news and is dropped. ``case`` is the owner's case number.
    """

    id: str
    notice: UUID
    act: Act
    side: Side
    sequence: int
    kind: NoticeKind
    to: str
    owner: str
    receiver: str
    discipline: Discipline
    mode: Mode
    incident: UUID
    revision: int
    case: str
    rule: str
    agreement: str
    cause: str | None
    deadline: datetime | None
    content: Content


@frozen(kw_only=True)
class Receipt:
    """A room's word that it holds a message; ``received`` is by the room's clock.

    With ``waits_s`` it is only its inbox that does, for so many seconds: the room's own word comes
    as a record, once somebody there has taken the message out.
    """

    reference: str = field(validator=characters(100))
    received: datetime = field(converter=to_utc, validator=aware)
    waits_s: float | None = None


@frozen(kw_only=True)
class Received:
    """A room's word, as a record, that it took a message out of its inbox; by its own clock."""

    message: str = field(validator=characters())
    reference: str = field(validator=characters(100))
    received: datetime = field(converter=to_utc, validator=aware)


class UnreadReason(StrEnum):
    """Why a message left a room's inbox unread."""

    EXPIRED = "expired"
    REJECTED = "rejected"
    DELIVERY_LIMIT = "delivery_limit"


@frozen(kw_only=True)
class Unread:
    """A message that nobody took out of its room's inbox; ``at`` is by the broker's clock."""

    message: str = field(validator=characters())
    reason: UnreadReason
    at: datetime = field(converter=to_utc, validator=aware)


def named(message: str) -> tuple[UUID, Side, int]:
    """Return the notice, side and sequence that a message's id is made of.

    Raises:
        Refused: it is no such id.
    """
    try:
        notice, side, sequence = message.split("/")
        return UUID(notice), Side(side), int(sequence)
    except ValueError:
        remedy = "Send the id of the message as it came."
        raise Refused("message", message, remedy) from None


_OFFER_STATES = frozenset({NoticeState.OFFERED, NoticeState.DELIVERED, NoticeState.SHOWN})


def act(notice: Notice) -> Act:
    """Say what the present state of a notice means to whoever is told."""
    if notice.kind is NoticeKind.MIRROR:
        return Act.MIRROR if notice.is_open else Act.CLOSED
    if notice.state in _OFFER_STATES:
        return Act.OFFER
    return Act.PROPOSAL if notice.state is NoticeState.PROPOSED else Act(notice.state.value)


def content(report: Report, allowed: Iterable[Shareable]) -> Content:
    """Pick from a report what may travel, and nothing else."""
    personal = report.personal
    groups: dict[Shareable, object] = {
        Shareable.PLACE: report.place,
        Shareable.CLASSIFICATION: report.classification,
        Shareable.HAZARDS: report.hazards,
        Shareable.UNITS: report.units,
        Shareable.VOICE: report.voice,
        Shareable.TIMES: report.times,
        Shareable.ADDRESS: personal.address,
        Shareable.NOTES: personal.notes,
        Shareable.PEOPLE: personal.people,
        Shareable.VEHICLES: personal.vehicles,
        Shareable.CALL_BACK: personal.call_back,
    }
    return Content(**{str(name): groups[name] for name in allowed})  # type: ignore[arg-type]
