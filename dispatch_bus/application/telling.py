"""Carries out a step: state, journal and what each side is told, in one transaction."""

from __future__ import annotations

from typing import Any

import structlog

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.agreement import PERSONAL
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Act, Content, Message, act, content
from dispatch_bus.domain.notice import Notice, NoticeKind, Side, Step
from dispatch_bus.domain.report import Report
from dispatch_bus.store.filed import Filed, Reference, moved
from dispatch_bus.store.journal import About, facts
from dispatch_bus.store.signals import Wakeup
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
# Only these tell the receiver about the case; the end of a notice carries nothing of it.
_WITH_CONTENT = frozenset({Act.MIRROR, Act.OFFER, Act.TRANSFERRED})


def carry_out(bus: Bus, uow: UnitOfWork, filed: Filed, step: Step, **more: Any) -> None:
    """Write a step's new state, its journal entries (with the facts in ``more``) and its tellings.

    The caller holds the incident's lock. A part that moves is a revision of its incident.
    """
    write(uow, about_notice(filed, step.notice), step, **more)
    if any(happening.kind is EntryKind.PART_MOVED for happening in step.happened):
        _move(bus, uow, filed, step.notice)
    for side in step.tell:
        _tell(bus, uow, filed, step.notice, side)


def write(uow: UnitOfWork, about: About, step: Step, **more: Any) -> None:
    """Write a step's new state and its journal entries. The caller holds the incident's lock."""
    uow.notices.put(step.notice)
    for happening in facts(step.happened, _subject(step.notice) | more):
        uow.journal.append(uow.now, about, happening)


def about_notice(filed: Filed, notice: Notice) -> About:
    """Say what a journal entry on a notice is about."""
    return About(
        correlation=filed.correlation, incident=filed.id, notice=notice.id, mode=notice.mode
    )


def about_incident(filed: Filed | Reference) -> About:
    """Say what a journal entry on an incident is about."""
    return About(correlation=filed.correlation, incident=filed.id, mode=filed.mode)


def _subject(notice: Notice) -> dict[str, Any]:
    return {
        "notice_kind": notice.kind.value,
        "discipline": notice.discipline.value,
        "owner": notice.owner,
        "receiver": notice.receiver,
        "revision": notice.revision,
    }


def _move(bus: Bus, uow: UnitOfWork, filed: Filed, notice: Notice) -> None:
    uow.incidents.move_part(moved(filed, notice.discipline, notice.receiver))
    room = _room(bus, notice.receiver)
    if room and notice.case_number:
        uow.copies.add(room, notice.case_number, filed.id)
    uow.wake(wakeup("decide", filed))


def _tell(bus: Bus, uow: UnitOfWork, filed: Filed, notice: Notice, side: Side) -> None:
    room = _room(bus, notice.centre_at(side))
    sequence = uow.deliveries.next_sequence(notice.id, side)
    message = _message(filed, notice, side, sequence, _content(bus, uow, filed, notice, side))
    uow.deliveries.tell(message, filed.key, room, filed.priority, uow.now)
    if room:
        uow.wake(wakeup("deliver", filed, lane=room))


def _room(bus: Bus, centre: str) -> str | None:
    """Return the room of a centre; none where it has none, or has left the book.

    What it is told is overdue then, and a person calls. No other centre is kept waiting for that.
    """
    known = bus.book.centres.get(centre)
    return known.room if known else None


def wakeup(kind: str, filed: Filed, lane: str = "") -> Wakeup:
    """Make the wake-up for work of a kind that an incident brings."""
    return Wakeup(
        kind=kind,
        lane=lane,
        reference=str(filed.id),
        revision=filed.revision,
        correlation=filed.correlation,
    )


def _message(filed: Filed, notice: Notice, side: Side, sequence: int, content: Content) -> Message:
    return Message(
        id=f"{notice.id}/{side.value}/{sequence}",
        notice=notice.id,
        act=act(notice),
        side=side,
        sequence=sequence,
        kind=notice.kind,
        to=notice.centre_at(side),
        owner=notice.owner,
        receiver=notice.receiver,
        discipline=notice.discipline,
        mode=notice.mode,
        incident=notice.incident,
        revision=notice.revision,
        case=filed.source.number,
        rule=notice.rule,
        agreement=notice.agreement,
        cause=notice.cause,
        deadline=notice.deadline,
        content=content,
    )


def _content(bus: Bus, uow: UnitOfWork, filed: Filed, notice: Notice, side: Side) -> Content:
    if side is Side.OWNER or filed.report is None or act(notice) not in _WITH_CONTENT:
        return Content()
    try:
        agreement = bus.book.agreement_between(notice.owner, notice.receiver, notice.discipline)
    except Refused as reason:
        # Nothing allows any field to travel any more; the notice itself is told all the same.
        _log.warning("a notice is told without its content", reason=str(reason))
        return Content()
    is_mirror = notice.kind is NoticeKind.MIRROR
    fields = agreement.mirror_fields if is_mirror else agreement.handoff_fields
    whole = _read_whole(uow, filed) if fields & PERSONAL else None
    return content(whole or filed.report, fields)


def _read_whole(uow: UnitOfWork, filed: Filed) -> Report | None:
    """Read the report with its personal fields; none when the key of its day is lost.

    Help does not wait until the key is back: the case is told as far as it can be read.
    """
    try:
        found = uow.incidents.find(filed.id, personal=True)
    except Refused as reason:
        _log.warning("a case is told without its personal fields", reason=str(reason))
        return None
    return found.report if found else None
