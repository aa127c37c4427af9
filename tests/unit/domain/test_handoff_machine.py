"""Handoffs: every answer in every state, and who is told what."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest
from making.values import NOON, answer
from making.values import handoff as new_handoff

from dispatch_bus.domain import handoff
from dispatch_bus.domain.errors import NotAllowed
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import (
    AnswerKind,
    Notice,
    NoticeState,
    RefusalCause,
    Side,
    Step,
)

LATER = NOON + timedelta(seconds=90)
ENDED = {NoticeState.WITHDRAWN, NoticeState.REFUSED, NoticeState.EXPIRED, NoticeState.CLOSED}
STATES = [
    NoticeState.PROPOSED,
    NoticeState.OFFERED,
    NoticeState.DELIVERED,
    NoticeState.SHOWN,
    NoticeState.ACCEPTED,
    NoticeState.TRANSFERRED,
    *sorted(ENDED),
]
PENDING = {NoticeState.OFFERED, NoticeState.DELIVERED, NoticeState.SHOWN}
ALLOWED = {
    AnswerKind.OFFER: {NoticeState.PROPOSED},
    AnswerKind.WITHDRAW: PENDING | {NoticeState.PROPOSED},
    AnswerKind.ACCEPT: PENDING,
    AnswerKind.REFUSE: PENDING,
}
OUTCOME = {
    AnswerKind.OFFER: NoticeState.OFFERED,
    AnswerKind.WITHDRAW: NoticeState.WITHDRAWN,
    AnswerKind.ACCEPT: NoticeState.ACCEPTED,
    AnswerKind.REFUSE: NoticeState.REFUSED,
}


def in_state(state: NoticeState) -> Notice:
    """Return a handoff in this state, with the marks that the state leaves."""
    marks = {"closed_at": NOON} if state in ENDED else {}
    if state in PENDING:
        marks["deadline"] = LATER
    return new_handoff(state=state, **marks)


def say(
    kind: AnswerKind, known: Notice, *, unplaced: bool = False, holder: str = "NL-1", **more: object
) -> Step:
    """Give an answer at noon; a refusal has a cause unless told otherwise."""
    cause = {"cause": RefusalCause.NO_CAPACITY} if kind is AnswerKind.REFUSE else {}
    given = answer(kind, known.id, **cause | more)
    return handoff.answered(known, given, answer_s=60, unplaced=unplaced, holder=holder)


@pytest.mark.parametrize(
    ("kind", "state"), [(kind, state) for kind in ALLOWED for state in sorted(ALLOWED[kind])]
)
def test_an_answer_that_fits_leads_to_its_state(kind: AnswerKind, state: NoticeState) -> None:
    """Each answer leads from each state it fits to the state it names, with an entry."""
    step = say(kind, in_state(state))
    assert step.notice.state is OUTCOME[kind]
    assert step.happened


@pytest.mark.parametrize(
    ("kind", "state"),
    [(kind, state) for kind in ALLOWED for state in STATES if state not in ALLOWED[kind]],
)
def test_an_answer_that_does_not_fit_is_refused_with_the_state(
    kind: AnswerKind, state: NoticeState
) -> None:
    """Each other state refuses the answer, and names itself."""
    with pytest.raises(NotAllowed, match=f"that is {state} cannot be") as refused:
        say(kind, in_state(state))
    assert refused.value.field == "state"


def test_a_proposal_is_told_to_its_owner_alone() -> None:
    """Nobody outside hears of a proposal."""
    step = handoff.proposed(new_handoff(), {"rule": "foreign_territory"})
    assert step.tell == (Side.OWNER,)


def test_an_offer_is_told_to_the_receiver_with_its_deadline() -> None:
    """An offer waits for as long as the agreement says."""
    step = say(AnswerKind.OFFER, new_handoff())
    assert step.notice.deadline == NOON + timedelta(seconds=60)
    assert step.tell == (Side.RECEIVER,)


def test_an_offer_that_is_seen_is_shown() -> None:
    """Seen on a screen is another state than taken by a machine."""
    taken = handoff.delivered(in_state(NoticeState.OFFERED), NOON).notice
    seen = say(AnswerKind.SHOWN, taken).notice
    assert (taken.state, seen.state) == (NoticeState.DELIVERED, NoticeState.SHOWN)


@pytest.mark.parametrize("state", sorted({*STATES} - PENDING))
def test_seeing_it_later_changes_nothing(state: NoticeState) -> None:
    """What is no pending offer does not become one by being looked at."""
    known = in_state(state)
    assert say(AnswerKind.SHOWN, known) == Step(known)


def test_acceptance_keeps_the_case_number_and_ends_the_waiting() -> None:
    """The receiver's own number is kept, and no deadline remains to expire."""
    step = say(AnswerKind.ACCEPT, in_state(NoticeState.SHOWN), case_number="B-7", by="ann")
    assert (step.notice.case_number, step.notice.answered_by) == ("B-7", "ann")
    assert step.notice.deadline is None
    assert step.tell == (Side.OWNER,)


def test_the_part_moves_only_when_the_owner_has_heard() -> None:
    """Hearing of the acceptance transfers the part, from owner to receiver."""
    accepted = say(AnswerKind.ACCEPT, in_state(NoticeState.OFFERED))
    heard = handoff.heard(accepted.notice, LATER)
    assert EntryKind.PART_MOVED not in [one.kind for one in accepted.happened]
    moved = next(one for one in heard.happened if one.kind is EntryKind.PART_MOVED)
    assert (moved.facts["from"], moved.facts["to"]) == ("NL-1", "BE-1")
    assert heard.notice.state is NoticeState.TRANSFERRED


@pytest.mark.parametrize("state", [state for state in STATES if state is not NoticeState.ACCEPTED])
def test_hearing_moves_nothing_else(state: NoticeState) -> None:
    """A receipt from the owner moves nothing but an accepted part."""
    known = in_state(state)
    assert handoff.heard(known, LATER) == handoff.seen(known, LATER, "ann") == Step(known)


def test_the_part_moves_as_well_when_a_person_at_the_owner_has_seen_the_acceptance() -> None:
    """Who it was stands in the journal before the move."""
    step = handoff.seen(in_state(NoticeState.ACCEPTED), LATER, "ann")
    assert step.notice.state is NoticeState.TRANSFERRED
    assert step.happened[0].kind is EntryKind.NOTICE_SHOWN
    assert step.happened[0].facts == {"centre": "NL-1", "by": "ann"}
    assert step.happened[-1].kind is EntryKind.PART_MOVED


def test_the_first_of_two_answers_wins_and_the_second_is_told_who_has_it() -> None:
    """After an acceptance a refusal is turned down with the name of the holder."""
    taken = say(AnswerKind.ACCEPT, in_state(NoticeState.OFFERED)).notice
    with pytest.raises(NotAllowed, match="the part is with BE-1"):
        say(AnswerKind.REFUSE, taken, holder="BE-1")


def test_an_acceptance_in_time_is_told_when_another_was_faster() -> None:
    """Of two offers of one part only the first that is accepted moves it."""
    with pytest.raises(NotAllowed, match="the part is with BE-2"):
        say(AnswerKind.ACCEPT, in_state(NoticeState.SHOWN), holder="BE-2")


def test_a_late_acceptance_wins_while_the_part_is_unplaced() -> None:
    """An expired offer can still be taken, and says that it was late."""
    late = say(AnswerKind.ACCEPT, in_state(NoticeState.EXPIRED), unplaced=True)
    assert late.notice.state is NoticeState.ACCEPTED
    assert late.notice.is_open
    assert late.happened[-1].facts["late"] is True


def test_a_late_acceptance_of_a_placed_part_is_told_who_has_it() -> None:
    """Too late names the centre that has the part by now."""
    with pytest.raises(NotAllowed, match="the part is with BE-2"):
        say(AnswerKind.ACCEPT, in_state(NoticeState.EXPIRED), holder="BE-2")


def test_a_refusal_needs_its_cause() -> None:
    """The cause decides what follows, so none is refused."""
    with pytest.raises(NotAllowed, match="Say why"):
        say(AnswerKind.REFUSE, in_state(NoticeState.OFFERED), cause=None)


@pytest.mark.parametrize("cause", list(RefusalCause))
def test_a_refusal_keeps_its_cause_and_the_centre_it_names(cause: RefusalCause) -> None:
    """Both sides learn why, and who would be right."""
    step = say(AnswerKind.REFUSE, in_state(NoticeState.OFFERED), cause=cause, centre="BE-2")
    assert step.notice.cause == cause
    assert step.happened[-1].facts["centre"] == "BE-2"
    assert set(step.tell) == {Side.OWNER, Side.RECEIVER}


def test_withdrawing_a_proposal_tells_nobody() -> None:
    """What nobody had heard of need not be taken back."""
    assert say(AnswerKind.WITHDRAW, new_handoff()).tell == ()


@pytest.mark.parametrize("state", sorted(PENDING))
def test_withdrawing_an_offer_tells_its_receiver(state: NoticeState) -> None:
    """The receiver's screen must not keep an offer that is gone."""
    assert say(AnswerKind.WITHDRAW, in_state(state)).tell == (Side.RECEIVER,)


@pytest.mark.parametrize("state", sorted(PENDING))
def test_an_unanswered_offer_expires_and_both_sides_are_told(state: NoticeState) -> None:
    """The part stays with its owner, and no deadline is left."""
    step = handoff.expired(in_state(state), LATER)
    assert (step.notice.state, step.notice.deadline) == (NoticeState.EXPIRED, None)
    assert set(step.tell) == {Side.OWNER, Side.RECEIVER}


@pytest.mark.parametrize("state", sorted({*STATES} - PENDING))
def test_nothing_but_a_pending_offer_expires(state: NoticeState) -> None:
    """Answered, proposed and ended handoffs do not run out."""
    known = in_state(state)
    assert handoff.expired(known, LATER) == Step(known)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (NoticeState.PROPOSED, {Side.OWNER}),
        (NoticeState.OFFERED, {Side.OWNER, Side.RECEIVER}),
        (NoticeState.SHOWN, {Side.OWNER, Side.RECEIVER}),
        (NoticeState.TRANSFERRED, {Side.OWNER, Side.RECEIVER}),
    ],
)
def test_closing_tells_whoever_knew_of_it(state: NoticeState, told: set[Side]) -> None:
    """A proposal ends on its owner's screen only, an offer on both."""
    step = handoff.closed(in_state(state), LATER, "incident_closed")
    assert step.notice.state is NoticeState.CLOSED
    assert set(step.tell) == told


def test_an_accepted_handoff_is_not_closed_before_the_part_has_moved() -> None:
    """Closing it would leave the receiver with a part that never came."""
    with pytest.raises(NotAllowed, match="has yet to hear"):
        handoff.closed(in_state(NoticeState.ACCEPTED), LATER, "incident_closed")


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_handoff_stays_as_it_ended(state: NoticeState) -> None:
    """Closing what has ended changes nothing; updating it is refused."""
    known = in_state(state)
    assert handoff.closed(known, LATER, "incident_closed") == Step(known)
    with pytest.raises(NotAllowed, match="it has ended"):
        handoff.updated(known, 2)


@pytest.mark.parametrize(
    ("state", "side"),
    [(NoticeState.PROPOSED, Side.OWNER), (NoticeState.SHOWN, Side.RECEIVER)],
)
def test_an_update_goes_to_whoever_has_to_act(state: NoticeState, side: Side) -> None:
    """A proposal is renewed for its owner, an offer for its receiver, the deadline as it was."""
    known = in_state(state)
    step = handoff.updated(known, 2)
    assert step.tell == (side,)
    assert step.notice == attrs.evolve(known, revision=2)


def test_an_acknowledgement_is_no_answer_to_a_handoff() -> None:
    """The refusal lists what a handoff takes."""
    with pytest.raises(NotAllowed, match="A handoff takes one of: shown, offer, withdraw"):
        say(AnswerKind.ACKNOWLEDGE, in_state(NoticeState.OFFERED))
