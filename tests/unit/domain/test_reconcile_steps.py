"""From what stands open to what should: no step too few, none too many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

import attrs
import pytest
from making import world
from making.values import NOON, incident, report
from making.values import handoff as new_handoff
from making.values import mirror as new_mirror
from making.world import agreement, book, locality

from dispatch_bus.domain.book import Book
from dispatch_bus.domain.codes import CaseStatus, Discipline
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.incident import Incident, Part
from dispatch_bus.domain.notice import Notice, NoticeKind, NoticeState, Step
from dispatch_bus.domain.reconcile import reconcile
from dispatch_bus.domain.routing import judge

SPOT = world.IN_ZONE
CASE = incident(report(at=SPOT))


def steps(
    at: Locality,
    known: Iterable[Notice] = (),
    case: Incident = CASE,
    by: Book | None = None,
    now: datetime = NOON,
) -> list[Step]:
    """Judge a case and return the steps to there."""
    verdict = judge(case, at, by or book(), now)
    return list(reconcile(case, verdict, known, now, uuid4))


def after(taken: Iterable[Step], known: Iterable[Notice] = ()) -> list[Notice]:
    """Return what stands after the steps."""
    notices = {one.id: one for one in known} | {step.notice.id: step.notice for step in taken}
    return list(notices.values())


@pytest.mark.parametrize(
    "at", [locality(), world.across(), world.on_border(), world.shared(), world.tri_border()]
)
def test_deciding_the_same_revision_twice_takes_no_step(at: Locality) -> None:
    """What is as it should be stays untouched."""
    assert steps(at, after(steps(at))) == []


def test_a_newer_revision_updates_what_stands() -> None:
    """Each open notice carries the newest revision."""
    known = after(steps(world.across()))
    newer = attrs.evolve(CASE, revision=2)
    assert {step.notice.revision for step in steps(world.across(), known, newer)} == {2}


def test_an_agreement_can_offer_at_once() -> None:
    """Where it says so, a proposal is offered without a dispatcher."""
    by = book(agreement("BE", "NL", offers_automatically=True))
    states = [s.notice.state for s in steps(world.across(), by=by) if s.notice.kind == "handoff"]
    assert states == [NoticeState.PROPOSED, NoticeState.OFFERED]


@pytest.mark.parametrize("state", [NoticeState.REFUSED, NoticeState.WITHDRAWN, NoticeState.EXPIRED])
def test_a_handoff_that_a_person_ended_is_not_proposed_again(state: NoticeState) -> None:
    """One refusal is enough."""
    ended = new_handoff(state=state, closed_at=NOON)
    kinds = [step.notice.kind for step in steps(world.across(), [ended])]
    assert kinds == [NoticeKind.MIRROR]


def test_another_owner_may_propose_what_the_last_one_was_refused() -> None:
    """The answer was to the centre that asked."""
    ended = new_handoff(owner="NL-2", state=NoticeState.REFUSED, closed_at=NOON)
    kinds = [step.notice.kind for step in steps(world.across(), [ended])]
    assert NoticeKind.HANDOFF in kinds


def test_a_mirror_that_was_closed_is_opened_again() -> None:
    """An incident that comes back into the zone is news again."""
    ended = new_mirror(state=NoticeState.CLOSED, closed_at=NOON)
    (step,) = steps(locality(), [ended])
    assert (step.notice.state, step.notice.id == ended.id) == (NoticeState.OPENED, False)


def test_leaving_the_zone_starts_a_clock_and_closes_nothing() -> None:
    """A mirror outlives a moment outside the zone."""
    (step,) = steps(world.far_inside(), [new_mirror()])
    assert (step.notice.leaving_since, step.notice.is_open) == (NOON, True)


def test_the_clock_of_leaving_is_not_started_anew() -> None:
    """A second revision outside the zone does not prolong the stay."""
    known = new_mirror(leaving_since=NOON)
    (step,) = steps(
        world.far_inside(), [known], attrs.evolve(CASE, revision=2), now=NOON + timedelta(minutes=5)
    )
    assert step.notice.leaving_since == NOON


def test_coming_back_in_time_stops_the_clock() -> None:
    """Back in the zone the mirror stands as if it had never left."""
    (step,) = steps(locality(), [new_mirror(leaving_since=NOON)])
    assert step.notice.leaving_since is None


def test_the_end_of_the_case_ends_everything_that_stands() -> None:
    """Mirrors and offers close together with their incident."""
    known = [new_mirror(), new_handoff(state=NoticeState.OFFERED)]
    case = incident(report(at=SPOT, status=CaseStatus.CLOSED))
    assert {step.notice.state for step in steps(locality(), known, case)} == {NoticeState.CLOSED}


def test_an_accepted_handoff_waits_for_its_owner_even_when_the_case_ends() -> None:
    """A promise that was given is kept before anything is closed."""
    known = [new_handoff(state=NoticeState.ACCEPTED)]
    case = incident(report(at=SPOT, status=CaseStatus.CLOSED))
    assert steps(locality(), known, case) == []


def test_a_moved_part_ends_what_its_former_owner_opened() -> None:
    """No notice names an owner that the part no longer has, and the former owner gets a mirror."""
    moved = Part(discipline=Discipline.FIRE, owner="BE-1", former_owner="NL-1")
    case = attrs.evolve(CASE, parts=(moved,), revision=2)
    known = [new_mirror(), new_handoff(receiver="DE-1", state=NoticeState.OFFERED)]
    taken = steps(locality(), known, case)
    assert {(s.notice.receiver, s.notice.state, s.notice.cause) for s in taken} == {
        ("BE-1", NoticeState.CLOSED, "part_moved"),
        ("DE-1", NoticeState.CLOSED, "part_moved"),
        ("NL-1", NoticeState.OPENED, None),
    }


@pytest.mark.parametrize("at", [locality(), world.across(), world.far_inside()])
def test_the_handoff_that_moved_a_part_stays_while_its_receiver_has_it(at: Locality) -> None:
    """The new owner goes on hearing of the case whose caller the former owner has."""
    moved = Part(discipline=Discipline.FIRE, owner="BE-1", former_owner="NL-1")
    case = attrs.evolve(CASE, parts=(moved,), revision=2)
    known = new_handoff(state=NoticeState.TRANSFERRED, leaving_since=NOON)
    (stays,) = [step.notice for step in steps(at, [known], case) if step.notice.id == known.id]
    assert (stays.revision, stays.leaving_since, stays.is_open) == (2, None, True)


def test_the_handoff_that_moved_a_part_is_left_once_the_part_has_moved_on() -> None:
    """The centre that handed it on has a mirror of it; two notices would tell it twice."""
    onward = Part(discipline=Discipline.FIRE, owner="DE-1", former_owner="BE-1")
    case = attrs.evolve(CASE, parts=(onward,), revision=3)
    first = new_handoff(state=NoticeState.TRANSFERRED)
    second = new_handoff(owner="BE-1", receiver="DE-1", state=NoticeState.TRANSFERRED)
    by = book(agreement("BE", "DE"), agreement("DE", "NL"))
    taken = {one.id: one for one in after(steps(world.far_inside(), [first, second], case, by))}
    assert taken[first.id].leaving_since == NOON
    assert taken[second.id].leaving_since is None


def test_a_handoff_to_a_closer_centre_opens_beside_the_old_one() -> None:
    """A receiver that is no longer the right one is left by the clock, the right one told now."""
    (step, other) = steps(locality(), [new_mirror(receiver="BE-2")])
    assert (step.notice.receiver, step.notice.state) == ("BE-1", NoticeState.OPENED)
    assert (other.notice.receiver, other.notice.leaving_since) == ("BE-2", NOON)
