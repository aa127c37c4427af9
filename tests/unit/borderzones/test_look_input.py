"""What is no place is answered as such, with the reason, and never raises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderzones import Look

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("lon", "lat", "radius_m", "reason"),
    [
        (NAN, 51.0, 0, "nan"),
        (5.0, NAN, 0, "nan"),
        (INF, NAN, 0, "nan"),
        (INF, 51.0, 0, "infinite"),
        (5.0, -INF, 0, "infinite"),
        (0.0, 0.0, 0, "null_island"),
        (-0.0, 0.0009, 0, "null_island"),
        (180.1, 51.0, 0, "out_of_range"),
        (5.0, -90.1, 0, "out_of_range"),
        (155000.0, 463000.0, 0, "out_of_range"),
        (51.43624, 4.92695, 0, "swapped?"),
        (5.0, 51.0, -1, "radius"),
        (5.0, 51.0, NAN, "radius"),
        (5.0, 51.0, 50_001, "radius"),
    ],
)
def test_an_unusable_circle_is_no_place_and_says_why(zones, lon, lat, radius_m, reason):
    """Each way of being no place has its own reason, and nothing else in the answer."""
    assert zones.look(lon, lat, radius_m) == [Look("not_a_place", reason)]


@pytest.mark.parametrize(("lon", "lat"), [(-3.7, 40.4), (13.4, 52.5), (-180.0, -90.0), (5.0, 56.0)])
def test_a_place_beyond_all_data_is_outside(zones, lon, lat):
    """A valid coordinate out of reach of every region is outside."""
    assert zones.look(lon, lat) == [Look("outside", "outside")]


def test_a_wide_circle_reaches_the_data_from_outside(zones):
    """The same centre is outside as a point and a place as a circle that reaches the data."""
    point, circle = zones.look(8.8, 52.0, [0, 30_000])
    assert point.answer == "outside"
    assert circle.answer == "place"
    assert {hit.country for hit in circle.countries} == {"DE"}


def test_one_bad_circle_spoils_no_other(zones):
    """The answers of a mixed batch are those of each circle alone, in order."""
    lon, lat = [NAN, 4.92695, 0.0, 6.37, -3.7], [51.0, 51.43624, 0.0, 49.544, 40.4]
    alone = [zones.look(*place)[0] for place in zip(lon, lat, strict=True)]
    assert zones.look(lon, lat) == alone


def test_no_circles_make_no_answers(zones):
    """An empty batch is answered with an empty list."""
    assert zones.look([], [], []) == []


def test_a_single_point_is_a_batch_of_one(zones):
    """Plain numbers and arrays of one element are the same question."""
    assert zones.look(6.37, 49.544, 5) == zones.look([6.37], np.array([49.544]), [5.0])


def test_a_batch_larger_than_a_block_is_answered_in_order(zones):
    """Blocks are invisible: a long batch is its circles one after another."""
    lon, lat = np.linspace(4.0, 6.5, 2_345), np.linspace(51.6, 50.4, 2_345)
    looks = zones.look(lon, lat)
    assert len(looks) == 2_345
    assert looks[999:1001] + looks[-1:] == [
        zones.look(lon[i], lat[i])[0] for i in (999, 1000, 2344)
    ]


@settings(max_examples=200, deadline=None)
@given(lon=st.floats(), lat=st.floats(), radius_m=st.floats())
def test_no_number_raises(zones, lon, lat, radius_m):
    """Any three numbers at all get one of the three answers."""
    [look] = zones.look(lon, lat, radius_m)
    assert look.answer in {"place", "not_a_place", "outside"}
    assert (look.answer == "place") == (look.reason == "")
