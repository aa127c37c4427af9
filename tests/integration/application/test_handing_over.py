"""A part changes hands: offered, accepted, heard, moved once."""

from __future__ import annotations

import pytest
from making.values import answer, report
from making.wiring import Desk
from making.world import ACROSS, FAR_INSIDE, book, centre

from dispatch_bus.application import answering, timekeeping
from dispatch_bus.domain.codes import CaseStatus, Discipline
from dispatch_bus.domain.errors import NotAllowed
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, NoticeState
from dispatch_bus.store.filed import Filed


def accepted(desk: Desk) -> Filed:
    """Let Belgium accept a Dutch part; the owner has yet to hear so."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    desk.deliver("BE")
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff.id, case_number="B-9"), {"BE-1"})
    return filed


def test_a_part_moves_once_its_owner_has_heard_of_the_acceptance(desk: Desk) -> None:
    """The owner keeps the part until the acceptance has reached it."""
    filed = accepted(desk)
    assert desk.filed("C-1").incident.part(Discipline.FIRE).owner == "NL-1"

    desk.settle()

    part = desk.filed("C-1").incident.part(Discipline.FIRE)
    assert (part.owner, part.former_owner) == ("BE-1", "NL-1")
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.TRANSFERRED
    assert len(desk.entries(EntryKind.PART_MOVED)) == 1


def test_the_new_owner_hears_of_the_former_owners_case_to_its_end(desk: Desk) -> None:
    """The former owner still has the caller: nothing that it learns is kept back with time."""
    filed = accepted(desk)
    desk.settle()
    assert timekeeping.close_left(desk.bus) == 0
    desk.file(report(at=FAR_INSIDE, hazards=("gas",)))
    desk.settle()
    newer = desk.gates["BE"].attempts[-1]
    assert (newer.act, newer.to, newer.content.hazards) == ("transferred", "BE-1", ("gas",))

    assert timekeeping.close_left(desk.bus) == 0
    desk.file(report(at=FAR_INSIDE, status=CaseStatus.CLOSED))
    desk.settle()
    last = desk.gates["BE"].attempts[-1]
    assert (last.notice, last.act, last.cause) == (newer.notice, "closed", "incident_closed")
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.CLOSED


def test_a_part_that_was_accepted_while_its_case_left_the_ground_still_moves_for_good(
    desk: Desk,
) -> None:
    """The clock of leaving ends with the move, not with the next decision."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    desk.file(report(at=FAR_INSIDE))
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff.id), {"BE-1"})
    desk.deliver("NL")
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.TRANSFERRED
    timekeeping.close_left(desk.bus)
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.TRANSFERRED


def test_a_part_moves_from_an_owner_without_a_room_once_it_says_that_it_has_heard(
    desk: Desk,
) -> None:
    """No machine can take the acceptance there; the sender has called, and a person has seen it."""
    filed = accepted(desk)
    without = centre("NL-1", room=None)
    desk.with_book(book(centres={**book().centres, "NL-1": without}))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.SHOWN, handoff.id), {"BE-1"})
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.ACCEPTED

    heard = answer(AnswerKind.SHOWN, handoff.id, by="nl-desk")
    for _ in range(2):
        answering.answer(desk.bus, heard, {"NL-1"})
    desk.settle()

    assert desk.filed("C-1").incident.part(Discipline.FIRE).owner == "BE-1"
    assert "transferred" in [one.act for one in desk.gates["BE"].attempts]
    assert len(desk.entries(EntryKind.PART_MOVED)) == 1
    shown = desk.entries(EntryKind.NOTICE_SHOWN)[-1]
    assert (shown.facts["centre"], shown.facts["by"]) == ("NL-1", "nl-desk")


def test_an_owner_has_heard_of_no_acceptance_that_never_was(desk: Desk) -> None:
    """An offer that ended unanswered takes no word of it."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    desk.pull("NL", report(at=ACROSS, status=CaseStatus.CLOSED))
    desk.settle()
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.CLOSED
    with pytest.raises(NotAllowed, match="Only BE-1 can say shown"):
        answering.answer(desk.bus, answer(AnswerKind.SHOWN, handoff.id), {"NL-1"})
