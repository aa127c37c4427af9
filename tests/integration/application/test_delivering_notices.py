"""Deliveries: the same message until the room has it, and one effect."""

from __future__ import annotations

import attrs
import pytest
from making.values import NOON, answer, personal, report
from making.wiring import Desk
from making.world import ACROSS, EVERYTHING, IN_ZONE, ON_BORDER, agreement, book

from dispatch_bus.application import answering, delivering, outcomes
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Receipt
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, NoticeState
from dispatch_bus.sdk.calls import Outcome
from dispatch_bus.store.claims import Telling


def test_a_mirror_is_delivered_and_its_receipt_journalled(desk: Desk) -> None:
    """The notice is delivered once the room has answered, and its reference is kept."""
    filed = desk.file(report(at=IN_ZONE))
    desk.deliver("BE")
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.DELIVERED
    (made,) = desk.entries(EntryKind.DELIVERY_MADE)
    assert made.facts["reference"].startswith("R-")
    assert made.facts["fields"] == sorted(
        ["classification", "hazards", "place", "times", "units", "voice"]
    )
    assert desk.deliver("BE") == 0


def test_each_attempt_is_journalled_before_it_is_made(desk: Desk) -> None:
    """A process that dies in the call has left a trace of it."""
    desk.file(report(at=IN_ZONE))
    desk.gates["BE"].before_receipt = _crash
    with pytest.raises(KeyboardInterrupt):
        desk.deliver("BE")
    (attempted,) = desk.entries(EntryKind.DELIVERY_ATTEMPTED)
    assert attempted.facts["attempt"] == 1


def test_a_room_that_does_not_answer_is_tried_again_with_the_same_message(desk: Desk) -> None:
    """The id stays, so a room that took it before its answer was lost has one effect."""
    desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Retry("no answer"), Retry("no answer")]
    for _ in range(3):
        desk.deliver("BE")
    ids = [message.id for message in desk.gates["BE"].attempts]
    assert (len(ids), len(set(ids))) == (3, 1)
    assert len(desk.entries(EntryKind.DELIVERY_FAILED)) == 2
    assert len(desk.entries(EntryKind.DELIVERY_MADE)) == 1


def test_what_a_room_refuses_is_not_claimed_again_while_that_is_noted(desk: Desk) -> None:
    """Even where its claim has run out in the meantime: the room is asked once."""
    desk.bus = attrs.evolve(desk.bus, limits=_claims_that_run_out_at_once(desk))
    desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Refused("place", "x", "Send a place.")]
    desk.deliver("BE")
    assert len(desk.gates["BE"].attempts) == 1
    assert len(desk.entries(EntryKind.DELIVERY_UNDELIVERABLE)) == 1


def test_a_crash_between_the_call_and_its_record_has_one_effect(desk: Desk) -> None:
    """The room gets the same message again, and its receipt is noted once."""
    desk.bus = attrs.evolve(desk.bus, limits=_claims_that_run_out_at_once(desk))
    desk.file(report(at=IN_ZONE))
    gate = desk.gates["BE"]
    gate.before_receipt = _crash
    with pytest.raises(KeyboardInterrupt):
        desk.deliver("BE")
    gate.before_receipt = lambda: None
    desk.deliver("BE")
    assert len(gate.attempts) == 2
    assert len(gate.effects) == 1
    assert len(desk.entries(EntryKind.DELIVERY_MADE)) == 1


def test_two_workers_with_one_telling_note_its_receipt_once(desk: Desk) -> None:
    """A slow worker whose claim ran out comes second and changes nothing."""
    desk.bus = attrs.evolve(desk.bus, limits=_claims_that_run_out_at_once(desk))
    desk.file(report(at=IN_ZONE))
    slow, fast = _claim(desk), _claim(desk)
    for telling in (fast, slow):
        receipt = desk.gates["BE"].take(telling.message)
        with desk.bus.store.begin() as uow:
            outcomes.record(desk.bus, uow, [(telling, receipt)])
    assert len(desk.gates["BE"].effects) == 1
    assert len(desk.entries(EntryKind.DELIVERY_MADE)) == 1
    assert len(desk.entries(EntryKind.NOTICE_DELIVERED)) == 1


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Retry("no answer"), EntryKind.DELIVERY_FAILED),
        (Receipt(reference="R-1", received=NOON, waits_s=60.0), EntryKind.DELIVERY_POSTED),
    ],
    ids=["failed", "posted"],
)
def test_an_outcome_that_is_recorded_again_is_journalled_once(
    desk: Desk, outcome: Outcome, kind: EntryKind
) -> None:
    """Whoever does not know whether the commit took effect records what came back again."""
    desk.file(report(at=IN_ZONE))
    telling = _claim(desk)
    for _ in range(2):
        with desk.bus.store.begin() as uow:
            outcomes.record(desk.bus, uow, [(telling, outcome)])
    assert len(desk.entries(kind)) == 1


def test_a_message_that_the_room_refuses_is_stuck_and_visible(desk: Desk) -> None:
    """It is not tried again, and an entry names the field; the room's words stay out of it."""
    desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Refused("content.address", "Kerkstraat 5", "Not Kerkstraat 5!")]
    desk.deliver("BE")
    desk.deliver("BE")
    assert len(desk.gates["BE"].attempts) == 1
    (entry,) = desk.entries(EntryKind.DELIVERY_UNDELIVERABLE)
    assert entry.facts["field"] == "content.address"
    assert "Kerkstraat" not in str(entry.facts)


def test_a_room_that_is_down_has_one_attempt_journalled_for_each_call(desk: Desk) -> None:
    """What waits behind the telling that failed was not attempted, and the journal says so."""
    for number in ("C-1", "C-2", "C-3"):
        desk.file(report(number, at=IN_ZONE))
    desk.gates["BE"].failures = [Retry("no answer")]
    desk.deliver("BE")
    assert len(desk.gates["BE"].attempts) == 1
    assert len(desk.entries(EntryKind.DELIVERY_ATTEMPTED)) == 1


def test_what_a_room_has_refused_goes_out_once_more_after_a_start(desk: Desk) -> None:
    """Its adapter may have been mended since; a refusal then counts as before."""
    filed = desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Refused("content", None, "Not like this.")]
    desk.deliver("BE")
    assert delivering.release(desk.bus) == 1
    desk.deliver("BE")
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.DELIVERED


def test_a_newer_revision_gets_a_stuck_notice_moving_again(desk: Desk) -> None:
    """What the room refused may be right in the next message."""
    filed = desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Refused("content", None, "Not like this.")]
    desk.deliver("BE")
    desk.file(report(at=ON_BORDER))
    desk.deliver("BE")
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.DELIVERED


def test_only_the_newest_revision_has_to_arrive(desk: Desk) -> None:
    """What a room missed while it was down is overtaken, and it hears the end of it."""
    desk.file(report(at=IN_ZONE))
    desk.file(report(at=ON_BORDER))
    desk.deliver("BE")
    (message,) = desk.gates["BE"].attempts
    assert (message.revision, message.sequence) == (2, 2)


def test_the_wait_doubles_within_its_bounds(desk: Desk) -> None:
    """Backoff begins with the first wait, doubles, and never passes the longest."""
    limits = attrs.evolve(desk.bus.limits, retry_first_s=1.0, retry_most_s=10.0)
    bus = attrs.evolve(desk.bus, limits=limits)
    waits = [outcomes.backoff_s(bus, attempts) for attempts in (1, 2, 3, 4, 5, 10_000)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_telling_that_was_put_off_is_not_due_before_its_time(desk: Desk) -> None:
    """Between two attempts the room is left alone."""
    limits = attrs.evolve(desk.bus.limits, retry_first_s=600.0, retry_most_s=600.0)
    desk.bus = attrs.evolve(desk.bus, limits=limits)
    desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Retry("no answer")]
    desk.deliver("BE")
    assert desk.deliver("BE") == 0


def test_an_awareness_mirror_carries_nothing_personal(desk: Desk) -> None:
    """People travel by agreement only, and this one does not say so."""
    desk.file(report(at=IN_ZONE, personal=personal("SECRET")))
    desk.deliver("BE")
    (message,) = desk.gates["BE"].attempts
    assert "SECRET" not in str(message)


def test_what_the_agreement_allows_arrives_whole(desk: Desk) -> None:
    """Sealed on the way through the database, the personal fields reach who may have them."""
    desk.with_book(book(agreement("BE", "NL", mirror_fields=EVERYTHING)))
    told = report(at=IN_ZONE, personal=personal("SECRET"))
    desk.file(told)
    desk.deliver("BE")
    (message,) = desk.gates["BE"].attempts
    assert message.content.people == told.personal.people
    assert message.content.notes == told.personal.notes
    assert message.content.address == told.personal.address


def test_the_acceptance_moves_the_part_and_the_former_owner_gets_a_mirror(desk: Desk) -> None:
    """Accepted, heard, transferred: both sides are told, and the first owner goes on knowing."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff.id), {"BE-1"})
    desk.settle()
    mirrors = {one.receiver: one for one in desk.notices(filed.id, NoticeKind.MIRROR)}
    assert mirrors["NL-1"].rule == "former_owner"
    assert mirrors["BE-1"].state is NoticeState.CLOSED
    assert [m.act for m in desk.gates["NL"].attempts] == ["accepted", "mirror"]
    assert "transferred" in [m.act for m in desk.gates["BE"].attempts]


def test_the_part_stays_while_its_owner_cannot_be_reached(desk: Desk) -> None:
    """The owner sends help until it has received the acceptance."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff.id), {"BE-1"})
    desk.gates["NL"].failures = [Retry("no answer")]
    desk.deliver("NL")
    assert desk.filed("C-1").parts[0].owner == "NL-1"
    desk.settle()
    assert desk.filed("C-1").parts[0].owner == "BE-1"


def _claims_that_run_out_at_once(desk: Desk) -> object:
    return attrs.evolve(desk.bus.limits, deliver_deadline_s=-4.0)


def _claim(desk: Desk) -> Telling:
    with desk.bus.store.begin() as uow:
        uow.claims.claim("BE", desk.bus.limits.claim, 1)
        (telling,) = uow.claims.claimed("BE")
    return telling


def _crash() -> None:
    raise KeyboardInterrupt
