"""Entering and leaving, with metres and seconds of hysteresis."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from driving import after, fixes, jitter
from hypothesis import given, settings
from hypothesis import strategies as st

from borderzones.local import Around
from borderzones.passages import Area, Hysteresis, Whereabouts, follow

# On the border of Noord-Brabant and Antwerp, where it runs east and west for a while; metres to
# the north are metres into the Netherlands, nearly.
POST = Around(4.9, 51.4)
RULE = Hysteresis(metres=50.0, seconds=20.0)
NL, BE = Area("country", "NL"), Area("country", "BE")


@pytest.fixture(scope="session")
def post(zones, borders):
    """A point of the border from which north is the Netherlands for 300 m and south Belgium."""
    for lon, lat in borders["BE", "NL"].tolist():
        around = Around(lon, lat)
        north = np.concatenate([np.arange(-300, -10, 10), np.arange(20, 310, 10)])
        found = zones.look(*around.to_degrees(np.zeros(len(north)), north), np.abs(north) * 0.8)
        sides = [tuple(hit.country for hit in look.countries) for look in found]
        if sides == [("NL",) if one > 0 else ("BE",) for one in north]:
            return around
    raise AssertionError("no straight piece of border")


def passed(zones, post, north, seconds, radius_m=5.0, rule=RULE):
    """Return what somebody passes who is so many metres north of the border at these seconds."""
    metres = np.column_stack([np.zeros(len(north)), north])
    told = fixes(metres, seconds, radius_m, around=post)
    _, passages = follow(zones, Whereabouts(), told, rule)
    return [
        (one.area.name, one.is_entry, (one.at - after(0)).seconds)
        for one in passages
        if one.area.kind == "country"
    ]


def test_a_border_is_passed_when_metres_and_seconds_say_so(zones, post):
    """Belgium is entered 100 m beyond the border; told with the time of the first such position."""
    north = [200, 200, 200, 100, 40, -40, -100, -150, -200, -200, -200]
    assert passed(zones, post, north, range(0, 110, 10)) == [
        ("NL", True, 0),
        ("NL", False, 60),
        ("BE", True, 60),
    ]


@settings(max_examples=50)
@given(st.lists(st.floats(-40, 40), min_size=1, max_size=20))
def test_beside_the_border_nothing_flickers(zones, post, north):
    """Whoever is within the rule's metres of it stays where they were."""
    way = [200, 200, 200, *north]
    assert passed(zones, post, way, range(0, 10 * len(way), 10)) == [("NL", True, 0)]


def test_a_short_visit_does_not_count(zones, post):
    """Fifteen seconds beyond the border are less than the rule's twenty."""
    north = [200, 200, 200, -200, -200, -200, -200, 200, 200]
    seconds = [0, 10, 20, 30, 35, 40, 45, 50, 60]
    assert passed(zones, post, north, seconds) == [("NL", True, 0)]


def test_one_position_from_elsewhere_leaves_nothing(zones, post):
    """Not even with a long silence around it."""
    north = [200, 200, 200, -5_000_000, 200, 200]
    assert passed(zones, post, north, [0, 10, 20, 900, 1800, 1810]) == [("NL", True, 0)]


def test_a_vague_position_decides_nothing(zones, post):
    """Its circle touches both countries."""
    north = [200, 200, 200, -200, -200, -200, -200]
    assert passed(zones, post, north, range(0, 70, 10), radius_m=400.0) == []


def test_along_the_border_the_jitter_passes_nothing(zones, borders):
    """An hour of driving on the border itself, give or take five metres."""
    chance = np.random.default_rng(9)
    lon, lat = borders["BE", "NL"][:360].T
    around = Around(float(lon[0]), float(lat[0]))
    metres = np.column_stack(around.to_metres(lon, lat)) + jitter(chance, 360, 5.0)
    told = fixes(metres, range(0, 3600, 10), around=around)
    where, passages = follow(zones, Whereabouts(), told, RULE)
    assert [one for one in passages if one.area in (NL, BE)] == []
    assert not where.inside & {NL, BE}


def test_in_pieces_it_is_the_same_as_at_once(zones, post):
    """What has been seen so far is all that the next step needs."""
    north = [200, 200, 200, 10, -100, -200, -200, -200, -200, 300, 300, 300, 300]
    metres = np.column_stack([np.zeros(len(north)), north])
    told = fixes(metres, range(0, 10 * len(north), 10), around=post)
    whole = follow(zones, Whereabouts(), told, RULE)
    where, passages = Whereabouts(), []
    for fix in told:
        where, more = follow(zones, where, [fix], RULE)
        passages += more
    assert (where, tuple(passages)) == whole
    assert len([one for one in passages if one.area in (NL, BE)]) == 5


def test_late_positions_and_what_is_no_place_change_nothing(zones, post):
    """They say nothing of now."""
    told = fixes([(0, 200)] * 4, [0, 10, 20, 30], around=post)
    where, _ = follow(zones, Whereabouts(), told, RULE)
    late = evolve(told[0], lat=told[0].lat - 1.0, at=after(25))
    nowhere = evolve(told[0], lon=float("nan"), at=after(60))
    assert follow(zones, where, [late, nowhere], RULE) == (where, ())
    assert NL in where.inside


def test_border_zones_are_passed_like_countries(zones, post):
    """Each strip by itself, with its side."""
    told = fixes([(0, 200)] * 4, [0, 10, 20, 30], around=post)
    _, passages = follow(zones, Whereabouts(), told, RULE)
    sides = {one.area.side for one in passages if one.area.kind == "zone"}
    assert sides == {"NL"}
