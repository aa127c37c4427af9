"""Answers: each counts once, from whose it is, and of two that race one wins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import attrs
import pytest
from making.values import NOON, answer, report
from making.wiring import Desk, MakeBus
from making.world import ACROSS, IN_ZONE, agreement, book

from dispatch_bus.application import answering, deciding, timekeeping
from dispatch_bus.domain.errors import NotAllowed, Refused
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import Answer, AnswerKind, NoticeKind, NoticeState, RefusalCause


def offered(desk: Desk, answer_s: float = 600.0) -> UUID:
    """Offer the part of a new incident to Belgium, and return the handoff's id."""
    terms = agreement("BE", "NL", offers_automatically=True, answer_s=answer_s)
    desk.with_book(book(terms))
    return desk.notice(desk.file(report(at=ACROSS)).id, NoticeKind.HANDOFF).id


def state(desk: Desk, notice: UUID) -> NoticeState:
    """Return where a notice stands."""
    with desk.bus.store.begin() as uow:
        return uow.notices.get(notice).state


def test_an_answer_that_comes_twice_counts_once(desk: Desk) -> None:
    """The room repeats its record, and the second one changes nothing."""
    notice = offered(desk)
    given = answer(AnswerKind.ACCEPT, notice)
    desk.pull("BE", given)
    desk.pull("BE", given)
    assert len(desk.entries(EntryKind.HANDOFF_ACCEPTED)) == 1
    assert len(desk.entries(EntryKind.ANSWER_RECEIVED)) == 2
    assert desk.entries(EntryKind.ANSWER_REFUSED) == []


def test_both_ends_may_number_their_answers_alike(desk: Desk) -> None:
    """Answer 1 of the owner is not answer 1 of the receiver."""
    filed = desk.file(report(at=ACROSS))
    notice = desk.notice(filed.id, NoticeKind.HANDOFF).id
    desk.pull("NL", answer(AnswerKind.OFFER, notice, id="1"))
    desk.pull("BE", answer(AnswerKind.ACCEPT, notice, id="1"))
    assert state(desk, notice) is NoticeState.ACCEPTED


def test_an_answer_is_dated_by_the_databases_clock(desk: Desk) -> None:
    """A room's clock that is a year wrong neither loses nor wins a race."""
    notice = offered(desk)
    said = NOON - timedelta(days=365)
    taken = answering.answer(desk.bus, answer(AnswerKind.ACCEPT, notice, at=said), {"BE-1"})
    assert taken.answered_at is not None
    assert taken.answered_at > taken.opened_at
    (entry,) = desk.entries(EntryKind.HANDOFF_ACCEPTED)
    assert entry.facts["said_at"] == said.isoformat()


@pytest.mark.parametrize(
    ("kind", "centre"),
    [
        (AnswerKind.ACCEPT, "NL-1"),
        (AnswerKind.ACCEPT, "BE-2"),
        (AnswerKind.REFUSE, "NL-1"),
        (AnswerKind.WITHDRAW, "BE-1"),
        (AnswerKind.SHOWN, "NL-1"),
    ],
)
def test_only_whose_answer_it_is_can_give_it(desk: Desk, kind: AnswerKind, centre: str) -> None:
    """The refusal names who could, and the notice stays as it was."""
    notice = offered(desk)
    with pytest.raises(NotAllowed, match=r"Only .* can say"):
        answering.answer(desk.bus, answer(kind, notice), {centre})
    assert state(desk, notice) is NoticeState.OFFERED


@pytest.mark.parametrize("centre", ["NL-1", "BE-1"])
def test_an_answer_by_phone_is_entered_by_either_side(desk: Desk, centre: str) -> None:
    """Who was told on the telephone may write it down."""
    notice = offered(desk)
    given = answer(AnswerKind.ACCEPT, notice, by_phone=True)
    assert answering.answer(desk.bus, given, {centre}).by_phone


def test_a_stranger_cannot_enter_an_answer_by_phone(desk: Desk) -> None:
    """The telephone is no way around."""
    notice = offered(desk)
    with pytest.raises(NotAllowed):
        answering.answer(desk.bus, answer(AnswerKind.ACCEPT, notice, by_phone=True), {"BE-2"})


def test_an_answer_to_nothing_is_quarantined_when_a_room_sends_it(desk: Desk) -> None:
    """It cannot be filed under any incident, and waits for a person."""
    desk.pull("BE", answer(AnswerKind.ACCEPT))
    (entry,) = desk.entries(EntryKind.RECORD_QUARANTINED)
    assert entry.facts["field"] == "notice"


def test_a_refused_answer_of_a_room_is_journalled_with_the_reason(desk: Desk) -> None:
    """Its author can be told who has the part; the page goes on."""
    notice = offered(desk)
    desk.pull("BE", answer(AnswerKind.ACCEPT, notice))
    desk.pull("BE", answer(AnswerKind.REFUSE, notice, cause=RefusalCause.OTHER))
    (entry,) = desk.entries(EntryKind.ANSWER_REFUSED)
    assert "the part is with BE-1" in entry.facts["remedy"]
    assert state(desk, notice) is NoticeState.ACCEPTED


def test_an_answer_that_cannot_be_carried_out_leaves_the_notice_as_it_was(desk: Desk) -> None:
    """While the receiver is missing from the book nothing of the answer takes effect."""
    notice = offered(desk)
    left = {name: one for name, one in desk.bus.book.centres.items() if name != "BE-1"}
    keep = desk.bus.book
    desk.with_book(attrs.evolve(keep, centres=left))
    given = answer(AnswerKind.WITHDRAW, notice)
    with pytest.raises(Refused):
        answering.answer(desk.bus, given, {"NL-1"})
    desk.pull("NL", attrs.evolve(given, id="again"))
    assert state(desk, notice) is NoticeState.OFFERED
    assert desk.entries(EntryKind.HANDOFF_WITHDRAWN) == []


def test_a_late_acceptance_wins_while_the_part_is_unplaced(desk: Desk) -> None:
    """Nobody else has it, so who comes late is better than nobody."""
    notice = offered(desk, answer_s=0.0)
    timekeeping.expire_offers(desk.bus)
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, notice), {"BE-1"})
    desk.settle()
    assert desk.filed("C-1").parts[0].owner == "BE-1"


def test_acknowledging_a_mirror_is_taken_from_the_room(desk: Desk) -> None:
    """The owner's card says that a person has seen it."""
    filed = desk.file(report(at=IN_ZONE))
    notice = desk.notice(filed.id, NoticeKind.MIRROR).id
    desk.pull("BE", answer(AnswerKind.ACKNOWLEDGE, notice))
    assert state(desk, notice) is NoticeState.ACKNOWLEDGED


def race(*racers: Callable[[], object]) -> list[object]:
    """Run all at once and return what each returned, or the refusal it met."""
    start = Barrier(len(racers))

    def run(racer: Callable[[], object]) -> object:
        start.wait(30)
        try:
            return racer()
        except NotAllowed as refused:
            return refused

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(run, racers))


def test_of_two_racing_answers_the_first_committed_wins(desk: Desk, another_bus: MakeBus) -> None:
    """However often they race, one is taken and the other told so."""
    other = another_bus("gateway")
    for number in range(10):
        desk.with_book(book(agreement("BE", "NL", offers_automatically=True)))
        filed = desk.file(report(f"C-{number}", at=ACROSS))
        notice = desk.notice(filed.id, NoticeKind.HANDOFF).id
        accept = answer(AnswerKind.ACCEPT, notice)
        withdraw = answer(AnswerKind.WITHDRAW, notice)
        results = race(
            lambda given=accept: answering.answer(desk.bus, given, {"BE-1"}),
            lambda given=withdraw: answering.answer(other, given, {"NL-1"}),
        )
        assert sum(isinstance(one, NotAllowed) for one in results) == 1
    kinds = (EntryKind.HANDOFF_ACCEPTED, EntryKind.HANDOFF_WITHDRAWN)
    assert len(desk.entries(*kinds)) == 10


def test_the_same_answer_racing_itself_counts_once(desk: Desk, another_bus: MakeBus) -> None:
    """From the room and from the console at once, it is one answer."""
    notice = offered(desk)
    given: Answer = answer(AnswerKind.ACCEPT, notice)
    buses = [another_bus(f"bus-{number}") for number in range(4)]
    race(*(lambda bus=bus: answering.answer(bus, given, {"BE-1"}) for bus in buses))
    assert len(desk.entries(EntryKind.HANDOFF_ACCEPTED)) == 1


def test_an_answer_racing_its_deadline_ends_in_exactly_one_owner(
    desk: Desk, another_bus: MakeBus
) -> None:
    """Refused or run out, the offer ended once; the part never left."""
    keeper = another_bus("timekeeper")
    for number in range(10):
        desk.with_book(book(agreement("BE", "NL", offers_automatically=True, answer_s=0.0)))
        filed = desk.file(report(f"C-{number}", at=ACROSS))
        notice = desk.notice(filed.id, NoticeKind.HANDOFF).id
        refuse = answer(AnswerKind.REFUSE, notice, cause=RefusalCause.NO_CAPACITY)
        race(
            lambda given=refuse: answering.answer(desk.bus, given, {"BE-1"}),
            lambda: timekeeping.expire_offers(keeper),
        )
        timekeeping.expire_offers(keeper)
        assert state(desk, notice) in {NoticeState.REFUSED, NoticeState.EXPIRED}
    assert len(desk.entries(EntryKind.HANDOFF_REFUSED, EntryKind.HANDOFF_EXPIRED)) == 10


def test_of_timekeepers_at_once_each_offer_is_expired_and_alarmed_by_one(
    desk: Desk, another_bus: MakeBus
) -> None:
    """Two supervisors are not called twice because two processes watch the clock."""
    desk.with_book(book(agreement("BE", "NL", offers_automatically=True, answer_s=0.0)))
    desk.pull("NL", *(report(f"C-{number}", at=ACROSS) for number in range(10)))
    deciding.decide(desk.bus)
    keepers = [another_bus(f"timekeeper-{number}") for number in range(4)]
    race(*(lambda bus=bus: timekeeping.expire_offers(bus) for bus in keepers))
    assert len(desk.entries(EntryKind.HANDOFF_EXPIRED)) == 10
    assert len(desk.entries(EntryKind.ALARM_RAISED)) == 10
