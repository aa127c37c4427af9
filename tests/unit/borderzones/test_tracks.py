"""Course and speed from positions that jitter, come late, or come from elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from attrs import evolve
from driving import BEGIN, MEADOW, after, fixes, jitter, straight, track
from hypothesis import given, settings
from hypothesis import strategies as st

from borderzones import tracks
from borderzones.errors import FixError
from borderzones.tracks import Fix, Track

EVERY_5_S = np.arange(0, 60, 5)
NOW = after(60)
SHARES = st.tuples(st.floats(0, 1), st.floats(0, 360))


def moved(told):
    """Return the motion that positions tell at ``NOW``."""
    return tracks.motion(track(told), NOW)


def turned(first, second):
    """Return by how many degrees two courses differ."""
    return abs((first - second + 180) % 360 - 180)


def off_m(motion, metres):
    """Return how far a motion's place is from metres to the east and north."""
    east, north = MEADOW.to_metres([motion.lon], [motion.lat])
    return np.hypot(east[0] - metres[0], north[0] - metres[1])


@settings(max_examples=100)
@given(
    course=st.floats(0, 359.9),
    speed=st.floats(5, 60),
    radius=st.sampled_from([5.0, 20.0, 60.0]),
    every=st.sampled_from([1, 5, 10]),
    seed=st.integers(0, 10**6),
)
def test_jitter_stays_within_a_multiple_of_the_errors_that_are_told(
    course, speed, radius, every, seed
):
    """Place, speed and course are right within their errors; once in many times, twice these."""
    seconds = np.arange(0, 20 * every, every)
    way = straight(course, speed, seconds)
    told = fixes(way + jitter(np.random.default_rng(seed), 20, radius), seconds, radius)
    found = tracks.motion(track(told), after(20 * every))
    # The latest position may be one in a thousand, and left out.
    latest = way[seconds == (found.at - BEGIN).total_seconds()][0]
    assert off_m(found, latest) < 2.5 * found.radius_m
    assert abs(found.speed_mps - speed) < 2.5 * found.speed_error_mps
    if found.course_deg is not None:
        assert turned(found.course_deg, course) < 2.5 * found.course_error_deg


def test_of_drivers_who_change_their_speed_nine_in_ten_are_where_they_are_expected():
    """The circle of 30 s later holds those whose speed changed by some metres a second."""
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(100):
        changes = chance.normal(0, np.sqrt(0.1), (75, 2))
        way = np.cumsum(np.cumsum(changes, axis=0) + np.array([15.0, 5.0]), axis=0)
        seconds = np.arange(0, 45, 5)
        told = fixes(way[seconds] + jitter(chance, len(seconds), 10.0), seconds, 10.0)
        expected = tracks.motion(track(told), after(45)).ahead(after(74))
        east, north = MEADOW.to_metres([expected.lon], [expected.lat])
        held += np.hypot(east[0] - way[74, 0], north[0] - way[74, 1]) <= expected.radius_m
    assert 85 <= held <= 100


@given(st.lists(SHARES, min_size=12, max_size=12))
def test_who_stands_still_has_no_course(shares):
    """Whatever the jitter within the radius is."""
    metres = [(8 * s * np.sin(a), 8 * s * np.cos(a)) for s, a in shares]
    found = moved(fixes(metres, EVERY_5_S, 8.0))
    assert found.course_deg is None
    assert off_m(found, (0.0, 0.0)) < 10


def test_who_has_no_course_is_expected_where_they_are():
    """The circle grows, since they may start at any moment."""
    found = moved(fixes(np.zeros((12, 2)), EVERY_5_S))
    soon, later = found.ahead(after(70)), found.ahead(after(300))
    assert (soon.lon, soon.lat) == pytest.approx((found.lon, found.lat))
    assert found.radius_m < soon.radius_m < later.radius_m


@given(st.permutations(range(20)))
def test_the_order_in_which_positions_arrive_does_not_matter(order):
    """Late ones are put where their times put them."""
    told = fixes(straight(200, 14, np.arange(20)), np.arange(20))
    assert track([told[i] for i in order]) == track(told)


@given(
    at=st.integers(0, 11),
    metres=st.floats(2_000, 5_000_000),
    course=st.floats(0, 360),
)
def test_one_position_from_elsewhere_changes_little(at, metres, course):
    """Wherever it is and whichever it is, the first and the last too."""
    way = straight(70, 20, EVERY_5_S)
    told = fixes(way, EVERY_5_S)
    told[at] = fixes(straight(course, metres, [1.0]), EVERY_5_S[at : at + 1])[0]
    found = moved(told)
    assert found.speed_mps == pytest.approx(20, abs=1.5)
    assert turned(found.course_deg, 70) < 4
    assert found.used < len(told)


def test_three_positions_elsewhere_are_believed():
    """A unit that was put onto a lorry, or whose receiver was wrong before."""
    way = straight(70, 20, EVERY_5_S)
    way[-3:] += [40_000.0, 0.0]
    found = moved(fixes(way, EVERY_5_S))
    assert off_m(found, way[-1]) < 10
    assert found.used == 3


def test_a_corner_is_taken_within_three_positions():
    """The course is the new street's, not one between the two."""
    way = np.concatenate(
        [straight(0, 15, range(0, 45, 5)), [[75.0, 600], [150.0, 600], [225.0, 600]]]
    )
    found = moved(fixes(way, EVERY_5_S))
    assert turned(found.course_deg, 90) < 10


def test_of_two_positions_of_one_time_the_truer_stays():
    """Whichever came first."""
    near, far = fixes([(0, 0), (40, 0)], [0, 0])
    vague = evolve(far, radius_m=50.0)
    assert track([near, vague]) == track([vague, near]) == Track((near,))


@pytest.mark.parametrize(
    ("lon", "lat", "radius"),
    [(float("nan"), 51.0, 5.0), (0.0, 0.0, 5.0), (5.0, 91.0, 5.0), (5.0, 51.0, -1.0)],
)
def test_what_is_no_place_is_left_out(lon, lat, radius):
    """As receivers without a position send it."""
    assert track([Fix(lon, lat, radius, NOW)]) == Track()


def test_the_oldest_positions_are_forgotten():
    """A track does not grow for ever."""
    told = fixes(straight(0, 10, range(100)), range(100))
    assert track(told).fixes == tuple(told[-64:])


def test_positions_of_the_future_and_of_long_ago_do_not_count():
    """Neither says how somebody moves now."""
    told = track(fixes(straight(0, 10, [0, 5, 10, 900]), [0, 5, 10, 900]))
    assert tracks.motion(told, after(60)).at == after(10)
    assert tracks.motion(told, after(900)) is None
    assert tracks.motion(Track(), after(0)) is None


def test_a_time_without_offset_is_refused():
    """Nobody knows when it was."""
    with pytest.raises(FixError, match=r"^at: 2026-01-01 00:00:00 has no offset\. Give it one"):
        Fix(5.0, 51.0, 5.0, datetime(2026, 1, 1))  # noqa: DTZ001


def test_times_of_other_zones_are_the_same_times():
    """A sender may count in its own."""
    (fix,) = fixes([(0, 0)], [0])
    local = evolve(fix, at=fix.at.astimezone(timezone(timedelta(hours=1))))
    assert track([fix, local]).fixes == (fix,)
