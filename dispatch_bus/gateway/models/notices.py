"""Mirrors and handoffs, their answers, and the queue."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from dispatch_bus.application.queue import AnswerTime
from dispatch_bus.domain.centre import SecondChannel
from dispatch_bus.domain.codes import Category, Discipline, Mode, Priority
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, NoticeState, RefusalCause, Side
from dispatch_bus.gateway.models.base import Moment, Said, Taken, Text
from dispatch_bus.gateway.models.rooms import Room


class Notice(Said):
    """A mirror or a handoff of one part between its owner and one receiver."""

    id: UUID = Field(examples=["5f0d6f0a-93b8-4f43-8f2e-6a1c1f3c2b77"])
    """The notice's id."""
    kind: NoticeKind = Field(examples=["handoff"])
    """Mirror or handoff."""
    incident: UUID = Field(examples=["0b5c6c0e-1b1e-4a55-9d0f-1f6a0c7f5a11"])
    """The incident it is about."""
    discipline: Discipline = Field(examples=["fire"])
    """The part it is about."""
    mode: Mode = Field(examples=["actual"])
    """Whether this is real. Mark `exercise` and `test` wherever you show it."""
    owner: str = Field(examples=["NL-MK-LIM"])
    """The centre that the part was with when the notice was opened."""
    receiver: str = Field(examples=["BE-112-LIM"])
    """The centre at the other end."""
    state: NoticeState = Field(examples=["shown"])
    """Where it stands: delivered (a machine took it), shown (on a screen) and accepted (a person
    took it over) are three different things."""
    revision: int = Field(examples=[4])
    """The incident's revision that it carries."""
    rule: str = Field(examples=["foreign_territory"])
    """The rule by which it was opened."""
    agreement: str = Field(examples=["NL-BE-fire"])
    """The agreement that it rests on."""
    opened_at: Moment = Field(examples=["2026-03-01T12:00:01Z"])
    """When it was opened or proposed."""
    delivered_at: Moment | None = Field(examples=["2026-03-01T12:00:02Z"])
    """When a machine at the receiver took it, or null."""
    shown_at: Moment | None = Field(examples=["2026-03-01T12:00:05Z"])
    """When it was on a person's screen, or null."""
    answered_at: Moment | None = Field(examples=[None])
    """When it was answered, or null."""
    answered_by: str | None = Field(examples=[None])
    """The account that answered, or null."""
    by_phone: bool = Field(examples=[False])
    """Whether the answer was given on the telephone."""
    case_number: str | None = Field(examples=[None])
    """The receiver's own case number; null for "console only"."""
    cause: str | None = Field(examples=[None])
    """Why it was refused or closed, or null."""
    deadline: Moment | None = Field(examples=["2026-03-01T12:01:01Z"])
    """When the offer expires; null while none is open."""
    closed_at: Moment | None = Field(examples=[None])
    """When it ended, or null."""


class Answer(Taken):
    """A person's answer to a notice."""

    kind: AnswerKind = Field(examples=["accept"])
    """What is said. `offer` and `withdraw` are the owner's to say, `shown` of a handoff that is
    accepted is also, and the rest the receiver's."""
    centre: Text = Field(examples=["BE-112-LIM"])
    """The centre that says it."""
    by: Text = Field(examples=["be-lim-desk-3"])
    """The account that says it, never a person's name: it stands in the journal for good."""
    at: Moment | None = Field(default=None, examples=["2026-03-01T12:00:20Z"])
    """When it was said, by the sender's clock; without it, now. Deadlines go by the database's
    clock."""
    by_phone: bool = Field(default=False, examples=[False])
    """It was said on the telephone; then either side may enter it."""
    cause: RefusalCause | None = Field(default=None, examples=[None])
    """Why, for a refusal; required there."""
    case_number: Text | None = Field(default=None, examples=["B-2026-0099"])
    """The receiver's own case number, for an acceptance; without it, "console only"."""
    right_centre: Text | None = Field(default=None, examples=[None])
    """The centre that ought to have been asked, where the cause is `wrong_centre`."""


class Call(Said):
    """Whom to call."""

    centre: str = Field(examples=["BE-112-LIM"])
    """The centre's id."""
    name: str = Field(examples=["Noodcentrale 112 Limburg"])
    """Its name."""
    phone: str = Field(examples=["+32 000 000 000"])
    """The number."""
    second_channel: SecondChannel = Field(examples=["telephone"])
    """The way to it beside its room."""


class Delivery(Said):
    """How the newest telling to one side stands."""

    side: Side = Field(examples=["receiver"])
    """Which side."""
    centre: str = Field(examples=["BE-112-LIM"])
    """The centre at that side."""
    room: str | None = Field(examples=["BE-ASTRID"])
    """The room it goes to; null where the centre has none."""
    told_at: Moment = Field(examples=["2026-03-01T12:00:01Z"])
    """Since when it waits."""
    delivered: bool = Field(examples=[False])
    """Whether a machine at that side took it."""
    not_delivered: bool = Field(examples=[True])
    """NOT DELIVERED: it waits for too long, or the room refused it. Call."""
    attempts: int = Field(examples=[4])
    """Attempts since it last arrived."""
    call: Call | None
    """Whom to call when it is not delivered; else null."""


class Queued(Said):
    """A handoff in the queue."""

    handoff: Notice
    """The handoff itself."""
    case: str = Field(examples=["2026-004711"])
    """The owner's case number."""
    priority: Priority = Field(examples=[1])
    """The incident's priority, 1 is the most urgent."""
    category: Category | None = Field(examples=["traffic"])
    """The incident's category."""
    municipality: str | None = Field(examples=["Maastricht"])
    """Where it is, or null."""
    age_s: float = Field(examples=[19.2])
    """Seconds since it was opened."""
    answer_time: AnswerTime = Field(examples=["near"])
    """Where it stands against its answer time; a proposal has none."""
    seconds_left: float | None = Field(examples=[10.8])
    """Seconds until it expires, negative once past; null without a deadline."""
    deliveries: tuple[Delivery, ...]
    """How the newest telling to each side stands."""


class Queue(Said):
    """What a supervisor watches."""

    at: Moment = Field(examples=["2026-03-01T12:00:20.200000Z"])
    """The database's time at which this was read: show its age."""
    pending: tuple[Queued, ...]
    """Proposals, open offers, and acceptances that the owner has not heard of, oldest first."""
    unanswered: tuple[Queued, ...]
    """Expired offers whose part found no taker while its incident is open, oldest first."""
    unreachable: tuple[Room, ...]
    """Rooms that do not answer, or that nobody reads."""
    complete: bool = Field(examples=[True])
    """Whether this is all of it; false when `limit` cut something off."""
