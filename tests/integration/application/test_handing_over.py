"""A part changes hands: offered, accepted, heard, moved once."""

from __future__ import annotations

from making.values import answer, report
from making.wiring import Desk
from making.world import ACROSS

from dispatch_bus.application import answering
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, NoticeState


def test_a_part_moves_once_its_owner_has_heard_of_the_acceptance(desk: Desk) -> None:
    """The owner keeps the part until the acceptance has reached it."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    desk.deliver("BE")
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff.id, case_number="B-9"), {"BE-1"})
    assert desk.filed("C-1").incident.part(Discipline.FIRE).owner == "NL-1"

    desk.settle()

    part = desk.filed("C-1").incident.part(Discipline.FIRE)
    assert (part.owner, part.former_owner) == ("BE-1", "NL-1")
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.TRANSFERRED
    assert len(desk.entries(EntryKind.PART_MOVED)) == 1
