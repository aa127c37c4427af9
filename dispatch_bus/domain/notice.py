"""The small machine that mirrors and handoffs share.

Opened, delivered, shown, answered, closed: what differs between the kinds is who may open them,
which answers exist and what an answer changes. A transition returns the new state, what happened
(for the journal) and which sides are to be told; it has no other effect.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import attrs
from attrs import field, frozen
from attrs.validators import optional

from dispatch_bus.domain.checks import aware, characters, to_utc
from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import NotAllowed
from dispatch_bus.domain.kinds import EntryKind, Happening


class NoticeKind(StrEnum):
    """What passes between two centres."""

    MIRROR = "mirror"
    HANDOFF = "handoff"


class NoticeState(StrEnum):
    """Where a notice stands."""

    PROPOSED = "proposed"
    OPENED = "opened"
    OFFERED = "offered"
    DELIVERED = "delivered"
    SHOWN = "shown"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    EXPIRED = "expired"
    CLOSED = "closed"


class Side(StrEnum):
    """The two ends of a notice."""

    OWNER = "owner"
    RECEIVER = "receiver"


class AnswerKind(StrEnum):
    """What a person, or a room for them, says to a notice."""

    SHOWN = "shown"
    ACKNOWLEDGE = "acknowledge"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    REFUSE = "refuse"


class RefusalCause(StrEnum):
    """Why an offer is refused; the cause decides what follows."""

    ALREADY_KNOWN = "already_known"
    WRONG_CENTRE = "wrong_centre"
    NO_CAPACITY = "no_capacity"
    OTHER = "other"


@frozen(kw_only=True)
class Answer:
    """A person's answer to a notice. ``id`` makes it count once, however often it arrives.

    ``by_phone`` marks an answer that was given on the telephone and entered by either side;
    ``case_number`` is the receiver's own, or none for "console only".
    """

    id: str = field(validator=characters())
    notice: UUID
    kind: AnswerKind
    by: str = field(validator=characters())
    at: datetime = field(converter=to_utc, validator=aware)
    by_phone: bool = False
    cause: RefusalCause | None = None
    case_number: str | None = field(default=None, validator=optional(characters(100)))
    centre: str | None = field(default=None, validator=optional(characters(60)))


@frozen(kw_only=True)
class Notice:
    """A mirror or a handoff of one part between its owner and one receiver.

    ``revision`` is the incident revision it carries; ``facts`` explain the decision that opened
    it, as codes and parameters; ``leaving_since`` is when the incident left the zone.
    """

    id: UUID
    kind: NoticeKind
    incident: UUID
    discipline: Discipline
    mode: Mode
    owner: str
    receiver: str
    state: NoticeState
    revision: int
    rule: str
    agreement: str
    opened_at: datetime
    delivered_at: datetime | None = None
    shown_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    deadline: datetime | None = None
    answered_by: str | None = None
    by_phone: bool = False
    case_number: str | None = None
    cause: str | None = None
    leaving_since: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it but a late answer."""
        return self.closed_at is None

    def centre_at(self, side: Side) -> str:
        """Return the centre at one end."""
        return self.owner if side is Side.OWNER else self.receiver


@frozen
class Step:
    """The outcome of a transition: new state, what happened, and who is to be told."""

    notice: Notice
    happened: tuple[Happening, ...] = ()
    tell: tuple[Side, ...] = ()


def unchanged(notice: Notice) -> Step:
    """Return the outcome of something that has happened already: nothing more."""
    return Step(notice)


def not_allowed(notice: Notice, what: str, why: str) -> NotAllowed:
    """Make the error that refuses ``what`` in the notice's present state, and says why."""
    return NotAllowed(
        "state",
        notice.state.value,
        f"A {notice.kind} that is {notice.state} cannot be {what}: {why}",
    )


def mark_delivered(notice: Notice, at: datetime, waiting: frozenset[NoticeState]) -> Step:
    """Note that a machine at the receiver has taken the notice."""
    if notice.delivered_at is not None:
        return unchanged(notice)
    state = NoticeState.DELIVERED if notice.state in waiting else notice.state
    return Step(
        attrs.evolve(notice, state=state, delivered_at=at),
        (Happening(EntryKind.NOTICE_DELIVERED, {"centre": notice.receiver}),),
    )


def mark_shown(notice: Notice, at: datetime, by: str, waiting: frozenset[NoticeState]) -> Step:
    """Note that the notice is on a person's screen. What is shown has been delivered."""
    if notice.shown_at is not None or notice.state not in waiting | {NoticeState.DELIVERED}:
        return unchanged(notice)
    arrived = mark_delivered(notice, at, waiting)
    shown = attrs.evolve(arrived.notice, state=NoticeState.SHOWN, shown_at=at)
    told = Happening(EntryKind.NOTICE_SHOWN, {"centre": notice.receiver, "by": by})
    return Step(shown, (*arrived.happened, told))
