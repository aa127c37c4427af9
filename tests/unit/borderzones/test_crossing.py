"""Where and when a border is expected to be crossed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from driving import MEADOW, after, fixes, jitter, straight, track

from borderzones import tracks
from borderzones.crossing import crossing
from borderzones.local import Around

SECONDS = np.arange(0, 60, 5)
SOUTH, SPEED = 180.0, 25.0


def driven(course_deg, speed_mps=SPEED, errors=0.0, around=MEADOW):
    """Return the motion of a minute's straight drive."""
    told = fixes(straight(course_deg, speed_mps, SECONDS) + errors, SECONDS, around=around)
    return tracks.motion(track(told), after(60))


def true_crossing(zones, course_deg):
    """Return metres along a way from the meadow to where it is no longer in one country alone."""
    metres = np.arange(0, 40_000, 1.0)
    lon, lat = MEADOW.to_degrees(*straight(course_deg, 1.0, metres).T)
    away = zones.classify(lon, lat).where(lambda one: one.countries != ("NL",))
    return metres[np.argmax(away)]


def test_a_straight_way_crosses_where_the_polygons_say(zones):
    """And when the speed brings them there."""
    found = crossing(zones, driven(SOUTH))
    metres = true_crossing(zones, SOUTH)
    east, north = MEADOW.to_metres([found.lon], [found.lat])
    assert (east[0], -north[0]) == pytest.approx((0.0, metres), abs=2.0)
    assert abs((found.at - after(metres / SPEED)).total_seconds()) < 1
    assert (found.before, found.after) == (("NL",), ("BE",))


def test_nineteen_in_twenty_cross_within_the_errors(zones):
    """However their positions jitter; fewer than 85 of 100 would be a lie."""
    chance = np.random.default_rng(5)
    metres = true_crossing(zones, SOUTH)
    lon, lat = MEADOW.to_degrees([0.0], [-metres])
    right_time = right_place = 0
    for _ in range(100):
        found = crossing(zones, driven(SOUTH, errors=jitter(chance, len(SECONDS), 5.0)))
        east, north = Around(lon[0], lat[0]).to_metres([found.lon], [found.lat])
        right_place += np.hypot(east[0], north[0]) <= found.error_m
        right_time += abs((found.at - after(metres / SPEED)).total_seconds()) <= found.error_s
    assert min(right_time, right_place) >= 85


def test_nearer_to_the_border_one_knows_better(zones):
    """Errors shrink as the way does."""
    far = crossing(zones, driven(SOUTH))
    metres = true_crossing(zones, SOUTH) - 2_000
    start = Around(*(float(one[0]) for one in MEADOW.to_degrees([0.0], [-metres])))
    near = crossing(zones, driven(SOUTH, around=start))
    assert near.error_s < far.error_s / 4
    assert near.error_m < far.error_m / 4
    assert near.is_certain


def test_along_the_border_no_crossing_is_certain(zones):
    """Some course from near Roermond runs beside one: a degree more or less decides."""
    start = Around(6.03, 51.2)
    found = [crossing(zones, driven(course, around=start)) for course in range(0, 360, 10)]
    uncertain = [one for one in found if one is not None and not one.is_certain]
    assert uncertain
    assert all(one.error_m > 100 for one in uncertain)


def test_into_a_condominium_one_crosses_to_two_countries(zones):
    """The Our between Luxembourg and Germany belongs to both."""
    found = crossing(zones, driven(90.0, around=Around(6.10, 49.95)))
    assert (found.before, found.after) == (("LU",), ("DE", "LU"))


def test_away_from_the_border_there_is_no_crossing_in_time(zones):
    """Northwards there are 20 km of the Netherlands and more."""
    assert crossing(zones, driven(0.0), within=timedelta(minutes=5)) is None


def test_to_leave_the_data_is_no_crossing(zones):
    """Beyond the edge of Germany nothing is known."""
    assert crossing(zones, driven(90.0, around=Around(7.9, 51.5))) is None


def test_who_stands_still_crosses_nothing(zones):
    """Even on the doorstep."""
    motion = driven(SOUTH, speed_mps=0.0)
    assert motion.course_deg is None
    assert crossing(zones, motion) is None


def test_a_shorter_horizon_hides_what_lies_beyond_it(zones):
    """The crossing of the straight way south is some eight minutes away."""
    motion = driven(SOUTH)
    away = crossing(zones, motion).at - motion.at
    assert crossing(zones, motion, within=away - timedelta(seconds=1)) is None
    assert crossing(zones, motion, within=away + timedelta(seconds=1)) is not None
