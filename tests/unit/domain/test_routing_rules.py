"""Who is to know of an incident: each row of the table, and what narrows it."""

from __future__ import annotations

from datetime import time

import attrs
import pytest
from making import world
from making.values import NOON, classification, incident, report
from making.world import agreement, book, centre, locality

from dispatch_bus.domain.agreement import Hours, NoLocation
from dispatch_bus.domain.book import Book, Duty
from dispatch_bus.domain.codes import CaseStatus, Category, Discipline, Mode, Priority
from dispatch_bus.domain.geography import AreaHit, Locality, SpecialHit, ZoneHit
from dispatch_bus.domain.incident import Incident, Part
from dispatch_bus.domain.place import Position
from dispatch_bus.domain.report import PartReport, Report
from dispatch_bus.domain.routing import Rule, Verdict, concerns_neighbours, judge

SPOT = Position(lon=5.7, lat=50.85)


def judged(
    at: Locality, told: Report | None = None, by: Book | None = None, case: Incident | None = None
) -> Verdict:
    """Judge one case at noon."""
    return judge(case or incident(told or report(at=SPOT)), at, by or book(), NOON)


def outcome(verdict: Verdict) -> set[tuple[str, str, str]]:
    """Return (kind, receiver, rule) of everything that is wanted."""
    return {(one.kind.value, one.receiver, one.rule.value) for one in verdict.wanted}


def test_a_border_zone_mirrors_to_the_closest_entitled_centre() -> None:
    """An incident at home in the zone is mirrored to the centre whose catchment is nearest."""
    assert outcome(judged(locality())) == {("mirror", "BE-1", "border_zone")}


def test_a_zone_of_another_pair_is_no_reason() -> None:
    """Only the agreement's own zone counts."""
    hit = ZoneHit("DE-LU", "NL", True, 100.0)
    assert outcome(judged(locality(zones=(hit,)))) == set()


def test_the_other_side_of_the_zone_is_no_reason() -> None:
    """The strip on the neighbour's side says nothing about an incident at home."""
    hit = ZoneHit(world.ZONE, "BE", True, 100.0)
    assert outcome(judged(locality(zones=(hit,)))) == set()


def test_far_from_every_border_nobody_is_told() -> None:
    """An incident outside every zone concerns no neighbour."""
    case = incident(report(at=SPOT))
    assert outcome(judged(world.far_inside(), case=case)) == set()
    assert not concerns_neighbours(case, world.far_inside(), book())


def test_in_a_neighbours_territory_a_handoff_is_proposed_beside_the_mirror() -> None:
    """Who is responsible there is told, and the owner is asked whether to offer the part."""
    assert outcome(judged(world.across())) == {
        ("mirror", "BE-1", "foreign_territory"),
        ("handoff", "BE-1", "foreign_territory"),
    }


def test_in_a_neighbours_territory_responsibility_goes_before_distance() -> None:
    """A special zone's centre is told although another catchment is nearer."""
    settled = book()
    duties = {**settled.duties, ("tunnel", Discipline.FIRE): Duty("BE-2")}
    by = book(duties=duties)
    at = locality(
        countries=world.across().countries,
        centre_countries=("BE",),
        areas=world.across().areas,
        special=(SpecialHit("tunnel", frozenset({"BE"})),),
    )
    assert {receiver for _, receiver, _ in outcome(judged(at, by=by))} == {"BE-2"}


def test_a_circle_that_touches_the_border_is_mirrored_and_never_handed_off() -> None:
    """Where it is uncertain the neighbour knows, and the part stays."""
    assert outcome(judged(world.on_border())) == {("mirror", "BE-1", "uncertain")}


def test_a_circle_over_three_countries_is_mirrored_to_both_neighbours() -> None:
    """At a tri-border each side that it may be in is told."""
    assert outcome(judged(world.tri_border())) == {
        ("mirror", "BE-1", "uncertain"),
        ("mirror", "DE-1", "uncertain"),
    }


def test_shared_territory_is_mirrored_and_never_handed_off() -> None:
    """What belongs to both countries is at home in either."""
    assert outcome(judged(world.shared())) == {("mirror", "BE-1", "shared_territory")}


def test_a_special_zone_tells_its_countries_however_deep_it_lies() -> None:
    """Far from the border, what happens in a tunnel or airport concerns those that it names."""
    rule = SpecialHit("airport", frozenset({"NL", "BE"}))
    at = locality(zones=(), special=(rule,))
    assert outcome(judged(at)) == {("mirror", "BE-1", "special_zone")}


@pytest.mark.parametrize(
    "rule",
    [
        SpecialHit("exclave", frozenset({"NL"})),
        SpecialHit("airport", frozenset({"NL", "BE"}), frozenset({"police"})),
    ],
)
def test_a_special_zone_tells_nobody_else(rule: SpecialHit) -> None:
    """Neither a country that it does not name, nor one of a discipline that it is not for."""
    assert outcome(judged(locality(zones=(), special=(rule,)))) == set()


def test_without_a_location_nothing_happens_by_default() -> None:
    """An agreement that says nothing of it leaves the neighbours alone."""
    verdict = judged(world.not_a_place())
    assert (outcome(verdict), verdict.passed, verdict.alarms) == (set(), (), ())


def test_without_a_location_a_named_centre_is_told() -> None:
    """The agreement names who is told when nobody knows where it is."""
    named = agreement("BE", "NL", no_location=NoLocation.CENTRE, no_location_centre="BE-2")
    assert outcome(judged(world.not_a_place(), by=book(named))) == {
        ("mirror", "BE-2", "no_location")
    }


def test_without_a_location_an_alarm_is_raised_where_agreed() -> None:
    """The agreement can ask for a person instead."""
    verdict = judged(
        world.not_a_place(), by=book(agreement("BE", "NL", no_location=NoLocation.ALARM))
    )
    (alarm,) = verdict.alarms
    assert (alarm.neighbour, outcome(verdict)) == ("BE", set())


def test_a_good_coordinate_far_away_is_not_a_missing_location() -> None:
    """An incident beyond everything that the zones know is clearly somewhere else."""
    named = agreement("BE", "NL", no_location=NoLocation.CENTRE, no_location_centre="BE-2")
    assert outcome(judged(world.abroad(), by=book(named))) == set()


def test_a_closed_case_wants_nothing() -> None:
    """What has ended is told to nobody anew."""
    told = report(at=SPOT, status=CaseStatus.CLOSED)
    assert judged(locality(), told) == Verdict()


@pytest.mark.parametrize(
    ("narrower", "reason"),
    [
        ({"categories": frozenset({Category.WATER})}, "category_not_agreed"),
        ({"least_priority": Priority.URGENT}, "priority_below_agreed"),
        ({"hours": Hours(start=time(20), end=time(6))}, "outside_agreed_hours"),
    ],
)
def test_what_the_agreement_leaves_out_is_passed_over_with_the_reason(
    narrower: dict[str, object], reason: str
) -> None:
    """A category, priority or hour outside the agreement is named where it mattered."""
    told = report(at=SPOT, classification=classification(priority=Priority.SOON))
    verdict = judged(locality(), told, book(agreement("BE", "NL", **narrower)))
    assert [(one.neighbour, one.reason) for one in verdict.passed] == [("BE", reason)]
    assert outcome(verdict) == set()


def test_a_case_that_an_agreement_leaves_out_is_kept_whole_all_the_same() -> None:
    """It may come to matter with its next revision."""
    by = book(agreement("BE", "NL", categories=frozenset()))
    assert concerns_neighbours(incident(report(at=SPOT)), locality(), by)


def test_without_an_agreement_for_the_discipline_nobody_is_told() -> None:
    """A police part does not travel under an agreement on fire."""
    told = report(at=SPOT, parts=(PartReport(discipline=Discipline.POLICE, centre="NL-1"),))
    assert outcome(judged(locality(), told)) == set()


def test_each_part_travels_under_the_agreement_of_its_own_discipline() -> None:
    """Two parts of one case are decided apart."""
    disciplines = (Discipline.FIRE, Discipline.POLICE)
    told = report(
        at=SPOT, parts=tuple(PartReport(discipline=d, centre="NL-1") for d in disciplines)
    )
    by = book(*(agreement("BE", "NL", discipline=d) for d in disciplines))
    wanted = judged(locality(), told, by).wanted
    assert {(one.part.discipline, one.agreement.discipline) for one in wanted} == {
        (d, d) for d in disciplines
    }


def test_an_exercise_is_not_sent_where_its_mark_cannot_be_shown() -> None:
    """A centre that cannot mark an exercise never gets one."""
    real = centre("BE-1", modes=frozenset({Mode.ACTUAL}))
    by = book(centres={**book().centres, "BE-1": real})
    verdict = judged(locality(), report(at=SPOT, mode=Mode.EXERCISE), by)
    assert [one.reason for one in verdict.passed] == ["receiver_cannot_show_mode"]
    assert outcome(verdict) == set()


def test_nobody_entitled_is_said_so() -> None:
    """A zone behind which no centre has a duty is passed over with the reason."""
    verdict = judged(locality(areas=()))
    assert [one.reason for one in verdict.passed] == ["no_entitled_centre"]


def test_the_former_owner_keeps_a_mirror_whatever_the_agreement_leaves_out() -> None:
    """Callers ring back, so who handed the part over goes on knowing."""
    moved = Part(discipline=Discipline.FIRE, owner="BE-1", former_owner="NL-1")
    by = book(agreement("BE", "NL", categories=frozenset()))
    case = incident(report(at=SPOT), parts=(moved,))
    assert outcome(judged(world.far_inside(), by=by, case=case)) == {
        ("mirror", "NL-1", "former_owner")
    }


def test_the_former_owner_without_a_location_is_still_told() -> None:
    """Losing the position does not end what a handover promised."""
    moved = Part(discipline=Discipline.FIRE, owner="BE-1", former_owner="NL-1")
    case = incident(report(), parts=(moved,))
    assert outcome(judged(world.not_a_place(), case=case)) == {("mirror", "NL-1", "former_owner")}


def test_a_former_owner_that_left_the_book_keeps_nobody_else_from_knowing() -> None:
    """The part is decided like any other of its owner's."""
    moved = Part(discipline=Discipline.FIRE, owner="BE-1", former_owner="NL-9")
    case = incident(report(at=SPOT), parts=(moved,))
    assert outcome(judged(world.on_border(), case=case)) == {("mirror", "NL-1", "uncertain")}


def test_a_tie_of_catchments_goes_to_the_nearer_control_room() -> None:
    """Two catchments at one distance are told apart by the way to the room itself."""
    near, far = centre("BE-2", lon=SPOT.lon, lat=SPOT.lat), centre("BE-1", lon=4.0, lat=50.0)
    by = book(centres={**book().centres, "BE-1": far, "BE-2": near})
    areas = (AreaHit("be-east", "BE", 500.0), AreaHit("be-west", "BE", 500.0))
    assert {receiver for _, receiver, _ in outcome(judged(locality(areas=areas), by=by))} == {
        "BE-2"
    }


def test_the_explanation_carries_what_the_decision_rests_on() -> None:
    """Rule, zone and version, distances, agreement and legal basis stand in the facts."""
    (wanted,) = judged(locality()).wanted
    assert wanted.rule is Rule.BORDER_ZONE
    assert wanted.facts["zone"] == world.ZONE
    assert wanted.facts["zones_version"] == "zones-1"
    assert wanted.facts["border_m"] == 2_000.0
    assert wanted.facts["agreement_version"] == 3
    assert wanted.facts["legal_basis"] == "Treaty"
    assert [one["centre"] for one in wanted.facts["candidates"]] == ["BE-1", "BE-2"]


def test_a_zone_that_was_not_hit_explains_nothing() -> None:
    """Deep in the neighbour's country no strip of the zone is touched, and none is named."""
    deep = attrs.evolve(world.across(), zones=())
    facts = [one.facts for one in judged(deep).wanted]
    assert {(one["zone"], one["border_m"]) for one in facts} == {(None, None)}
    assert facts


def test_a_circle_over_the_border_is_as_far_from_it_as_its_centre() -> None:
    """Of the two strips that it touches the one around its centre measures the distance."""
    both = (ZoneHit(world.ZONE, "BE", False, 0.0), ZoneHit(world.ZONE, "NL", False, 30.0))
    (wanted,) = judged(attrs.evolve(world.on_border(), zones=both)).wanted
    assert (wanted.facts["zone"], wanted.facts["border_m"]) == (world.ZONE, 30.0)
