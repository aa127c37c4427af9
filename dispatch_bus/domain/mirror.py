"""Mirrors: a neighbour knows, and stays up to date; responsibility stays with the owner.

opened ─► delivered ─► shown ─► acknowledged ─► (updated to revision n)* ─► closed
"""

from __future__ import annotations

from datetime import datetime

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

_WAITING = frozenset({NoticeState.OPENED})


def opened(mirror: Notice, facts: dict[str, object]) -> Step:
    """Open a mirror; ``facts`` explain the decision."""
    happening = Happening(EntryKind.MIRROR_OPENED, {**facts, "receiver": mirror.receiver})
    return Step(mirror, (happening,), (Side.RECEIVER,))


def delivered(mirror: Notice, at: datetime) -> Step:
    """Note that a machine at the receiver took it."""
    return mark_delivered(mirror, at, _WAITING)


def updated(mirror: Notice, revision: int) -> Step:
    """Carry a newer revision to the receiver; the state stays."""
    if not mirror.is_open:
        raise not_allowed(mirror, "updated", "it has ended.")
    if revision <= mirror.revision:
        return unchanged(mirror)
    happening = Happening(EntryKind.MIRROR_UPDATED, {"revision": revision})
    return Step(attrs.evolve(mirror, revision=revision), (happening,), (Side.RECEIVER,))


def closed(mirror: Notice, at: datetime, reason: str) -> Step:
    """End a mirror for the reason with this code, and tell the receiver."""
    if not mirror.is_open:
        return unchanged(mirror)
    ended = attrs.evolve(mirror, state=NoticeState.CLOSED, closed_at=at, cause=reason)
    happening = Happening(EntryKind.MIRROR_CLOSED, {"reason": reason, "receiver": mirror.receiver})
    return Step(ended, (happening,), (Side.RECEIVER,))


def answered(mirror: Notice, answer: Answer) -> Step:
    """Take a receiver's answer.

    Raises:
        NotAllowed: a mirror can be shown and acknowledged, nothing else.
    """
    if answer.kind is AnswerKind.SHOWN:
        return mark_shown(mirror, answer.at, answer.by, _WAITING)
    if answer.kind is AnswerKind.ACKNOWLEDGE:
        return _acknowledged(mirror, answer)
    raise NotAllowed(
        "kind", answer.kind.value, "A mirror only informs: answer with shown or acknowledge."
    )


def _acknowledged(mirror: Notice, answer: Answer) -> Step:
    if mirror.answered_at is not None or not mirror.is_open:
        return unchanged(mirror)
    seen = mark_shown(mirror, answer.at, answer.by, _WAITING)
    known = attrs.evolve(
        seen.notice,
        state=NoticeState.ACKNOWLEDGED,
        answered_at=answer.at,
        answered_by=answer.by,
        by_phone=answer.by_phone,
    )
    facts = {"by": answer.by, "by_phone": answer.by_phone}
    return Step(known, (*seen.happened, Happening(EntryKind.NOTICE_ACKNOWLEDGED, facts)))
