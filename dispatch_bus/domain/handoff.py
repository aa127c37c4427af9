"""Handoffs: a part is offered to another centre and moves when it accepts.

    proposed ─► offered ─► delivered ─► shown ─► accepted ─► transferred ─► closed
                   └── withdrawn / refused (cause) / expired

The owner keeps the part, and sends help, until it has *received* the acceptance.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from dispatch_bus.domain.errors import NotAllowed
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import (
    Answer,
    AnswerKind,
    Notice,
    NoticeState,
    Side,
    Step,
    mark_delivered,
    mark_shown,
    not_allowed,
    unchanged,
)

_WAITING = frozenset({NoticeState.OFFERED})
PENDING = frozenset({NoticeState.OFFERED, NoticeState.DELIVERED, NoticeState.SHOWN})
UNDECIDED = PENDING | {NoticeState.PROPOSED}


def proposed(handoff: Notice, facts: dict[str, object]) -> Step:
    """Propose to the owner's dispatcher to offer the part; ``facts`` explain why."""
    happening = Happening(EntryKind.HANDOFF_PROPOSED, {**facts, "receiver": handoff.receiver})
    return Step(handoff, (happening,), (Side.OWNER,))


def offered(handoff: Notice, at: datetime, answer_s: float, by: str) -> Step:
    """Offer the part to the receiver, to be answered within ``answer_s`` seconds."""
    if handoff.state is not NoticeState.PROPOSED:
        raise not_allowed(handoff, "offered", "only a proposal can be.")
    deadline = at + timedelta(seconds=answer_s)
    facts = {"by": by, "receiver": handoff.receiver, "answer_s": answer_s}
    offer = attrs.evolve(handoff, state=NoticeState.OFFERED, deadline=deadline)
    return Step(offer, (Happening(EntryKind.HANDOFF_OFFERED, facts),), (Side.RECEIVER,))


def delivered(handoff: Notice, at: datetime) -> Step:
    """Note that a machine at the receiver took the offer."""
    return mark_delivered(handoff, at, _WAITING)


def updated(handoff: Notice, revision: int) -> Step:
    """Carry a newer revision; a pending offer keeps its deadline."""
    if not handoff.is_open:
        raise not_allowed(handoff, "updated", "it has ended.")
    if revision <= handoff.revision:
        return unchanged(handoff)
    side = Side.OWNER if handoff.state is NoticeState.PROPOSED else Side.RECEIVER
    happening = Happening(EntryKind.HANDOFF_UPDATED, {"revision": revision})
    return Step(attrs.evolve(handoff, revision=revision), (happening,), (side,))


def heard(handoff: Notice, at: datetime) -> Step:
    """Move the part: its former owner has received the acceptance.

    Whether its ground was being left no longer matters: the receiver has it now.
    """
    if handoff.state is not NoticeState.ACCEPTED:
        return unchanged(handoff)
    moved = {"from": handoff.owner, "to": handoff.receiver, "at": at.isoformat()}
    return Step(
        attrs.evolve(handoff, state=NoticeState.TRANSFERRED, leaving_since=None),
        (
            Happening(EntryKind.HANDOFF_TRANSFERRED, {"receiver": handoff.receiver}),
            Happening(EntryKind.PART_MOVED, moved),
        ),
        (Side.RECEIVER,),
    )


def seen(handoff: Notice, at: datetime, by: str) -> Step:
    """Move the part: a person at its former owner has the acceptance on the screen."""
    moved = heard(handoff, at)
    if not moved.happened:
        return moved
    shown = Happening(EntryKind.NOTICE_SHOWN, {"centre": handoff.owner, "by": by})
    return attrs.evolve(moved, happened=(shown, *moved.happened))


def expired(handoff: Notice, at: datetime) -> Step:
    """End an offer that nobody answered in time; the part stays with its owner."""
    if handoff.state not in PENDING:
        return unchanged(handoff)
    facts = {"receiver": handoff.receiver, "was": handoff.state.value}
    return _ended(handoff, NoticeState.EXPIRED, at, Happening(EntryKind.HANDOFF_EXPIRED, facts))


def closed(handoff: Notice, at: datetime, reason: str) -> Step:
    """End a handoff whose incident has ended or whose ground has gone.

    Raises:
        NotAllowed: it is accepted, and the part has yet to move.
    """
    if handoff.state is NoticeState.ACCEPTED:
        raise not_allowed(handoff, "closed", "its owner has yet to hear that it was accepted.")
    if not handoff.is_open:
        return unchanged(handoff)
    told = () if handoff.state is NoticeState.PROPOSED else (Side.RECEIVER,)
    ended = attrs.evolve(
        handoff, state=NoticeState.CLOSED, closed_at=at, cause=reason, deadline=None
    )
    happening = Happening(EntryKind.HANDOFF_CLOSED, {"reason": reason, "was": handoff.state.value})
    return Step(ended, (happening,), (Side.OWNER, *told))


def answered(
    handoff: Notice, answer: Answer, *, answer_s: float, unplaced: bool, holder: str
) -> Step:
    """Take an answer from either side.

    ``holder`` is the centre that has the part or has accepted it: the first acceptance wins, and
    whoever comes after it is told. ``unplaced`` says that this is still the owner who offered it
    and that no other offer for it is open: only then a late acceptance wins.

    Raises:
        NotAllowed: the answer does not fit a handoff, or not this state of it.
    """
    steps: dict[AnswerKind, Callable[[], Step]] = {
        AnswerKind.SHOWN: lambda: mark_shown(handoff, answer.at, answer.by, _WAITING),
        AnswerKind.OFFER: lambda: offered(handoff, answer.at, answer_s, answer.by),
        AnswerKind.WITHDRAW: lambda: _withdrawn(handoff, answer, holder),
        AnswerKind.ACCEPT: lambda: _accepted(handoff, answer, unplaced, holder),
        AnswerKind.REFUSE: lambda: _refused(handoff, answer, holder),
    }
    if answer.kind not in steps:
        known = ", ".join(kind.value for kind in steps)
        raise NotAllowed("kind", answer.kind.value, f"A handoff takes one of: {known}.")
    return steps[answer.kind]()


def _accepted(handoff: Notice, answer: Answer, unplaced: bool, holder: str) -> Step:
    late = handoff.state is NoticeState.EXPIRED
    in_time = handoff.state in PENDING and holder == handoff.owner
    if not (in_time or (late and unplaced)):
        raise not_allowed(handoff, "accepted", f"the part is with {holder}.")
    seen = mark_shown(handoff, answer.at, answer.by, _WAITING)
    taken = attrs.evolve(
        seen.notice,
        state=NoticeState.ACCEPTED,
        answered_at=answer.at,
        answered_by=answer.by,
        by_phone=answer.by_phone,
        case_number=answer.case_number,
        deadline=None,
        closed_at=None,
    )
    facts = {
        "by": answer.by,
        "by_phone": answer.by_phone,
        "case_number": answer.case_number,
        "late": late,
    }
    happening = Happening(EntryKind.HANDOFF_ACCEPTED, facts)
    return Step(taken, (*seen.happened, happening), (Side.OWNER,))


def _refused(handoff: Notice, answer: Answer, holder: str) -> Step:
    if handoff.state not in PENDING:
        raise not_allowed(handoff, "refused", f"the part is with {holder}.")
    if answer.cause is None:
        raise NotAllowed("cause", None, "Say why: the cause decides what follows.")
    told = attrs.evolve(
        handoff,
        answered_at=answer.at,
        answered_by=answer.by,
        by_phone=answer.by_phone,
        cause=answer.cause.value,
    )
    facts = {
        "by": answer.by,
        "by_phone": answer.by_phone,
        "cause": answer.cause.value,
        "centre": answer.centre,
    }
    happening = Happening(EntryKind.HANDOFF_REFUSED, facts)
    return _ended(told, NoticeState.REFUSED, answer.at, happening)


def _withdrawn(handoff: Notice, answer: Answer, holder: str) -> Step:
    if handoff.state not in UNDECIDED:
        raise not_allowed(handoff, "withdrawn", f"the part is with {holder}.")
    happening = Happening(EntryKind.HANDOFF_WITHDRAWN, {"by": answer.by})
    told = () if handoff.state is NoticeState.PROPOSED else (Side.RECEIVER,)
    step = _ended(handoff, NoticeState.WITHDRAWN, answer.at, happening)
    return attrs.evolve(step, tell=told)


def _ended(handoff: Notice, state: NoticeState, at: datetime, happening: Happening) -> Step:
    ended = attrs.evolve(handoff, state=state, closed_at=at, deadline=None)
    return Step(ended, (happening,), (Side.OWNER, Side.RECEIVER))
