"""Explaining a place: by the same rules as for an incident, with all that they weigh."""

from __future__ import annotations

from making import world
from making.values import NOON

from dispatch_bus.application.explaining import Explained, explain
from dispatch_bus.domain.book import Book, Duty
from dispatch_bus.domain.codes import Category, Discipline
from dispatch_bus.domain.geography import SpecialHit
from dispatch_bus.domain.place import Position


def explained(at: Position, by: Book | None = None) -> Explained:
    """Explain a place of the small world at noon."""
    return explain(by or world.book(), world.Atlas(), at, NOON)


def told(found: Explained) -> set[tuple[str, str, str | None, str | None, tuple[str, ...]]]:
    """Return (owner, neighbour, receiver, rule, kinds) of every outcome."""
    return {
        (one.owner, one.neighbour, one.receiver, one.rule, tuple(k.value for k in one.kinds))
        for one in found.outcomes
    }


def test_it_tells_who_is_responsible_and_who_would_be_told() -> None:
    """In a border zone the neighbour's closest centre gets a mirror, and another one nothing."""
    found = explained(world.IN_ZONE)
    fire = next(one for one in found.responsible if one.discipline is Discipline.FIRE)
    assert (fire.centre, fire.area, fire.distance_m) == ("NL-1", "nl-south", 0.0)
    assert told(found) == {
        ("NL-1", "BE", "BE-1", "border_zone", ("mirror",)),
        ("NL-1", "DE", None, None, ()),
    }
    (near,) = (one for one in found.outcomes if one.neighbour == "BE")
    assert [one.centre.id for one in near.entitled] == ["BE-1", "BE-2"]


def test_it_takes_the_owner_of_each_country_that_the_place_is_in() -> None:
    """What lies in two countries is explained from both sides."""
    found = explained(world.SHARED)
    assert {one.owner for one in found.outcomes} == {"NL-1", "BE-1"}
    assert {
        one.rule for one in found.outcomes if {one.owner, one.receiver} == {"NL-1", "BE-1"}
    } == {"shared_territory"}


def test_the_category_is_one_that_the_agreement_names() -> None:
    """The place alone decides: an agreement on crime alone is explained by a crime."""
    crime = world.agreement("BE", "NL", categories=frozenset({Category.CRIME}))
    (one,) = explained(world.IN_ZONE, world.book(crime)).outcomes
    assert (one.receiver, one.reason) == ("BE-1", None)


def test_an_agreement_that_finds_nobody_is_passed_over_with_its_reason() -> None:
    """Where no centre of the neighbour has a duty, that is the reason."""
    duties = {("nl-south", Discipline.FIRE): Duty("NL-1")}
    found = explained(world.IN_ZONE, world.book(duties=duties))
    assert {one.reason for one in found.outcomes if one.neighbour == "BE"} == {"no_entitled_centre"}


def test_a_special_zone_s_duty_is_named_as_the_reason() -> None:
    """The duty for a special zone goes before that of the region, and is named."""
    duties = {**world.book().duties, ("tunnel", Discipline.FIRE): Duty("NL-2", "NL-1")}
    at = world.locality(special=(SpecialHit("tunnel", frozenset({"NL"})),))
    atlas = world.Atlas({world.IN_ZONE: at})
    found = explain(world.book(duties=duties), atlas, world.IN_ZONE, NOON)
    fire = next(one for one in found.responsible if one.discipline is Discipline.FIRE)
    assert (fire.centre, fire.area, fire.backup) == ("NL-2", "tunnel", "NL-1")


def test_what_is_no_place_has_no_outcome() -> None:
    """Without a place there is nobody responsible and nothing to tell."""
    found = explained(world.ABROAD)
    assert (found.responsible, found.outcomes) == ((), ())
