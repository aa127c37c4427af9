"""Mirrors: opened, delivered, shown, acknowledged, updated, closed."""

from __future__ import annotations

import pytest
from making.values import NOON, answer
from making.values import mirror as new_mirror

from dispatch_bus.domain import mirror
from dispatch_bus.domain.errors import NotAllowed
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import AnswerKind, Notice, NoticeState, Side, Step


def kinds(step: Step) -> list[EntryKind]:
    """Return what happened, as codes."""
    return [one.kind for one in step.happened]


def test_opening_tells_the_receiver_and_explains_itself() -> None:
    """An opened mirror is told to its receiver, with the facts of its decision."""
    step = mirror.opened(new_mirror(), {"rule": "border_zone"})
    (happening,) = step.happened
    assert happening.facts == {"rule": "border_zone", "receiver": "BE-1"}
    assert step.tell == (Side.RECEIVER,)


def test_delivery_is_noted_once() -> None:
    """A receipt that comes twice changes nothing the second time."""
    once = mirror.delivered(new_mirror(), NOON)
    again = mirror.delivered(once.notice, NOON)
    assert once.notice.state is NoticeState.DELIVERED
    assert kinds(once) == [EntryKind.NOTICE_DELIVERED]
    assert again == Step(once.notice)


def test_what_is_shown_has_been_delivered() -> None:
    """A mirror seen before its receipt came back counts as delivered too."""
    step = mirror.answered(new_mirror(), answer(AnswerKind.SHOWN))
    assert step.notice.state is NoticeState.SHOWN
    assert step.notice.delivered_at == NOON
    assert kinds(step) == [EntryKind.NOTICE_DELIVERED, EntryKind.NOTICE_SHOWN]


def test_acknowledging_shows_as_well() -> None:
    """Whoever acknowledges has seen it, and is named with the way they said so."""
    step = mirror.answered(new_mirror(), answer(AnswerKind.ACKNOWLEDGE, by="ann", by_phone=True))
    assert step.notice.state is NoticeState.ACKNOWLEDGED
    assert (step.notice.answered_by, step.notice.by_phone) == ("ann", True)
    assert step.notice.shown_at == NOON
    assert kinds(step)[-1] is EntryKind.NOTICE_ACKNOWLEDGED


def test_acknowledging_twice_keeps_the_first() -> None:
    """A second acknowledgement changes nothing."""
    first = mirror.answered(new_mirror(), answer(AnswerKind.ACKNOWLEDGE, by="ann")).notice
    assert mirror.answered(first, answer(AnswerKind.ACKNOWLEDGE, by="bob")) == Step(first)


def test_a_late_receipt_does_not_take_an_acknowledgement_back() -> None:
    """The state never falls back to delivered."""
    known = mirror.answered(new_mirror(), answer(AnswerKind.ACKNOWLEDGE)).notice
    assert mirror.delivered(known, NOON).notice.state is NoticeState.ACKNOWLEDGED


def test_an_update_carries_the_newer_revision_and_keeps_the_state() -> None:
    """The receiver is told of revision 2; what it had acknowledged stays so."""
    step = mirror.updated(new_mirror(state=NoticeState.ACKNOWLEDGED), 2)
    assert (step.notice.revision, step.notice.state) == (2, NoticeState.ACKNOWLEDGED)
    assert step.tell == (Side.RECEIVER,)


@pytest.mark.parametrize("revision", [1, 2])
def test_an_older_revision_is_dropped(revision: int) -> None:
    """A revision that the receiver has, or an older one, changes nothing."""
    known = new_mirror(revision=2)
    assert mirror.updated(known, revision) == Step(known)


def test_an_ended_mirror_is_not_updated() -> None:
    """An update of a closed mirror is refused with its state and the reason."""
    ended = mirror.closed(new_mirror(), NOON, "out_of_zone").notice
    with pytest.raises(NotAllowed, match="closed cannot be updated: it has ended"):
        mirror.updated(ended, 2)


def test_closing_keeps_the_reason_and_tells_the_receiver() -> None:
    """A closed mirror says why."""
    step = mirror.closed(new_mirror(), NOON, "out_of_zone")
    assert (step.notice.state, step.notice.cause) == (NoticeState.CLOSED, "out_of_zone")
    assert step.notice.closed_at == NOON
    assert step.tell == (Side.RECEIVER,)


def test_closing_twice_keeps_the_first_reason() -> None:
    """A second closing changes nothing."""
    ended = mirror.closed(new_mirror(), NOON, "out_of_zone").notice
    assert mirror.closed(ended, NOON, "incident_closed") == Step(ended)


@pytest.mark.parametrize("kind", [AnswerKind.SHOWN, AnswerKind.ACKNOWLEDGE])
def test_a_closed_mirror_keeps_its_state(kind: AnswerKind) -> None:
    """An answer to a closed mirror changes nothing."""
    ended: Notice = mirror.closed(new_mirror(), NOON, "out_of_zone").notice
    assert mirror.answered(ended, answer(kind)) == Step(ended)


@pytest.mark.parametrize(
    "kind", [AnswerKind.ACCEPT, AnswerKind.REFUSE, AnswerKind.OFFER, AnswerKind.WITHDRAW]
)
def test_a_mirror_takes_no_answer_of_a_handoff(kind: AnswerKind) -> None:
    """A mirror only informs, and says so."""
    with pytest.raises(NotAllowed, match="only informs"):
        mirror.answered(new_mirror(), answer(kind))
