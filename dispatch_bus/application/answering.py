"""Takes people's answers to notices, from a room or from the console, each exactly once."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.telling import about_notice, carry_out
from dispatch_bus.domain import handoff, mirror
from dispatch_bus.domain.errors import NotAllowed, Refused
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import (
    Answer,
    AnswerKind,
    Notice,
    NoticeKind,
    NoticeState,
    Side,
    Step,
)
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.unit import UnitOfWork

_OFFERED = handoff.PENDING | {NoticeState.ACCEPTED}
_TAKEN = frozenset({NoticeState.ACCEPTED, NoticeState.TRANSFERRED, NoticeState.CLOSED})
_OWNER_SAYS = frozenset({AnswerKind.OFFER, AnswerKind.WITHDRAW})


def answer(bus: Bus, given: Answer, centres: Iterable[str]) -> Notice:
    """Take an answer that somebody entered for one of ``centres``; return the notice after it.

    Raises:
        Refused: there is no such notice, or it is another centre's to answer.
        NotAllowed: the lifecycle does not allow the answer now; it says who has the part.
    """
    with bus.store.begin() as uow:
        return take(bus, uow, given, frozenset(centres))


def take(bus: Bus, uow: UnitOfWork, given: Answer, centres: frozenset[str]) -> Notice:
    """Take an answer within a transaction. The same answer again changes nothing."""
    known = uow.notices.get(given.notice)
    filed = uow.incidents.lock(known.incident)
    notice = uow.notices.get(given.notice)
    hears = _hears(notice, given, centres)
    if not hears:
        _check_speaker(notice, given, centres)
    if not uow.signals.first_time(given.id, notice.id, uow.now):
        return notice
    step = (
        handoff.seen(notice, uow.now, given.by) if hears else _step(bus, uow, filed, notice, given)
    )
    carry_out(bus, uow, filed, step, answer=given.id, said_at=given.at.isoformat())
    return step.notice


def refuse(uow: UnitOfWork, given: Answer, reason: Refused) -> None:
    """Journal an answer that was refused, so that its author can be told why."""
    facts = {
        "answer": given.id,
        "kind": given.kind.value,
        "field": reason.field,
        "remedy": reason.remedy,
    }
    known = uow.notices.get(given.notice)
    filed = uow.incidents.lock(known.incident)
    happening = Happening(EntryKind.ANSWER_REFUSED, facts)
    uow.journal.append(uow.now, about_notice(filed, known), happening)


def _hears(notice: Notice, given: Answer, centres: frozenset[str]) -> bool:
    """Tell whether the owner of a handoff says that it knows of the acceptance.

    It may have no room to which that could be delivered, and then nothing else moves the part.
    """
    is_taken = notice.kind is NoticeKind.HANDOFF and notice.state in _TAKEN
    was_answered = notice.answered_at is not None
    return is_taken and was_answered and given.kind is AnswerKind.SHOWN and notice.owner in centres


def _check_speaker(notice: Notice, given: Answer, centres: frozenset[str]) -> None:
    """Refuse an answer from somebody whose it is not; by phone, either side may enter it."""
    side = Side.OWNER if given.kind in _OWNER_SAYS else Side.RECEIVER
    ends = {notice.owner, notice.receiver} if given.by_phone else {notice.centre_at(side)}
    if not ends & centres:
        expected = " or ".join(sorted(ends))
        raise NotAllowed("by", given.by, f"Only {expected} can say {given.kind.value} to this.")


def _step(bus: Bus, uow: UnitOfWork, filed: Filed, notice: Notice, given: Answer) -> Step:
    # The database's clock is the one that deadlines are kept by, so it dates the answer too.
    dated = evolve(given, at=uow.now)
    if notice.kind is NoticeKind.MIRROR:
        return mirror.answered(notice, dated)
    agreement = bus.book.agreement_between(notice.owner, notice.receiver, notice.discipline)
    owner = filed.incident.part(notice.discipline).owner
    pending = _offers_of_part(uow, notice)
    others = [one for one in pending if one.id != notice.id]
    return handoff.answered(
        notice,
        dated,
        answer_s=agreement.answer_s,
        unplaced=owner == notice.owner and not others,
        holder=next((one.receiver for one in pending if one.state is NoticeState.ACCEPTED), owner),
    )


def _offers_of_part(uow: UnitOfWork, notice: Notice) -> list[Notice]:
    return [
        one
        for one in uow.notices.of_incidents([notice.incident])[notice.incident]
        if one.discipline is notice.discipline
        and one.kind is NoticeKind.HANDOFF
        and one.state in _OFFERED
    ]
