"""The zones behind the domain's protocol: facts for the checks, and localities for decisions."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from borderzones import Zones
from dispatch_bus.bootstrap import BorderGeography, geography_facts, load_zones
from dispatch_bus.domain.geography import Answer, Geography
from dispatch_bus.domain.place import MAX_RADIUS_M, Position
from dispatch_bus.settings import defaults_folder

VAALS = Position(lon=6.0177, lat=50.7708)
UTRECHT = Position(lon=5.12, lat=52.09)
ATLANTIC = Position(lon=-30.0, lat=45.0)


@cache
def zones() -> Zones:
    """The shipped zones."""
    return load_zones(defaults_folder())


@cache
def geography() -> Geography:
    """The shipped zones behind the protocol."""
    return BorderGeography(zones())


def test_each_position_is_answered_in_its_place() -> None:
    """A missing one among them shifts nobody's answer."""
    answers = geography().locate([UTRECHT, None, VAALS, None, ATLANTIC])
    assert [one.answer for one in answers] == [
        Answer.PLACE,
        Answer.NOT_A_PLACE,
        Answer.PLACE,
        Answer.NOT_A_PLACE,
        Answer.OUTSIDE,
    ]
    assert answers[0].surely_in("NL")
    assert not answers[0].zones
    assert answers[2].zones


def test_only_missing_positions_are_answered_too() -> None:
    """A batch of stubs without a place is a batch."""
    assert [one.answer for one in geography().locate([None, None])] == [Answer.NOT_A_PLACE] * 2


def test_nothing_is_asked_of_no_positions() -> None:
    """An empty batch has an empty answer."""
    assert geography().locate([]) == []


def test_every_answer_names_the_version_of_the_zones() -> None:
    """A decision quotes it, whatever the answer was."""
    answers = geography().locate([UTRECHT, None, ATLANTIC])
    assert {one.version for one in answers} == {zones().version} == {geography().version}


def test_a_place_in_a_zone_says_which_side_and_how_far() -> None:
    """All that the look-up found is passed on."""
    (answer,) = geography().locate([VAALS])
    (look,) = zones().look([VAALS.lon], [VAALS.lat], [VAALS.radius_m])
    assert [(hit.zone, hit.side, hit.certain, hit.border_m) for hit in answer.zones] == [
        (hit.zone_id, hit.side, hit.certain, hit.border_m) for hit in look.zones
    ]
    assert [(hit.area, hit.country, hit.distance_m) for hit in answer.areas] == [
        (hit.region_id, hit.country, hit.distance_m) for hit in look.regions
    ]
    assert answer.centre_countries == look.centre_countries
    assert answer.special == look.special


def test_areas_are_sorted_by_distance() -> None:
    """The mirror goes to the closest; the first area is where it is."""
    (answer,) = geography().locate([VAALS])
    distances = [hit.distance_m for hit in answer.areas]
    assert distances == sorted(distances)
    assert distances[0] == 0.0


def test_the_accuracy_counts() -> None:
    """A circle that touches the border may be on either side of it."""
    wide = Position(lon=VAALS.lon, lat=VAALS.lat, radius_m=5_000.0)
    (answer,) = geography().locate([wide])
    assert {"NL", "DE", "BE"} <= {hit.country for hit in answer.countries}
    assert not answer.surely_in("NL")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.none()
        | st.builds(
            Position,
            lon=st.floats(-180, 180),
            lat=st.floats(-90, 90),
            radius_m=st.floats(0, MAX_RADIUS_M),
        ),
        max_size=10,
    )
)
def test_every_position_that_a_report_can_hold_is_answered(
    positions: list[Position | None],
) -> None:
    """None raises, and a missing one alone has no reason in its coordinates."""
    answers = geography().locate(positions)
    assert len(answers) == len(positions)
    for position, answer in zip(positions, answers, strict=True):
        assert position is not None or answer.answer is Answer.NOT_A_PLACE


def test_the_facts_name_every_area_with_its_country() -> None:
    """They are what the checks hold the responsibility table against."""
    facts = geography_facts(zones())
    assert set(facts.areas) == set(zones().region_ids)
    assert set(facts.areas.values()) == {"NL", "BE", "LU", "DE", "FR"}


def test_each_zone_reaches_areas_of_its_two_countries_only() -> None:
    """A strip lies on both sides of one border."""
    facts = geography_facts(zones())
    assert set(facts.reach) == set(facts.zones)
    for zone, areas in facts.reach.items():
        assert {facts.areas[area] for area in areas} == set(facts.zones[zone]), zone
