"""Arrays of circles: what they touch, how far the border is, and how much lies on each side."""

from __future__ import annotations

import csv
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

import borderzones
from borderzones.positions import REASONS

CHECKED = Path(__file__).parents[3] / "geo" / "borderzones" / "data" / "check_points.csv"
# Positions have six decimals there, so a tripoint's may be 0.1 m beside the shared vertex.
ROUNDING_M = 0.1
GEOD = Geod(ellps="WGS84")
# What is no place, with its reason.
NOWHERE = [
    pytest.param(float("nan"), 51.0, "nan", id="not a number"),
    pytest.param(5.0, float("inf"), "infinite", id="infinite"),
    pytest.param(5.0, 91.0, "out_of_range", id="beyond the pole"),
    pytest.param(0.0, 0.0, "null_island", id="zeros"),
    pytest.param(51.43, 4.92, "swapped?", id="exchanged"),
    pytest.param(-70.0, 40.0, "outside", id="far away"),
]
LON, LAT = st.floats(2.6, 7.4), st.floats(49.1, 53.4)


@pytest.fixture(scope="module")
def mixed(countries, borders):
    """300 circles, two thirds of them within 300 m of a border, the others anywhere."""
    chance = np.random.default_rng(4)
    vertices = np.concatenate(list(borders.values()))
    lon, lat = vertices[chance.integers(0, len(vertices), 300)].T
    lon = lon + chance.uniform(-0.004, 0.004, 300)
    lat = lat + chance.uniform(-0.003, 0.003, 300)
    lon[:100], lat[:100] = chance.uniform(3, 7, 100), chance.uniform(49.3, 53, 100)
    return lon, lat, np.append(0.0, 10 ** chance.uniform(0, 3.5, 299))


def round_polygon(lon, lat, radius_m):
    """Return a circle on the ellipsoid as a polygon of 1440 corners, in degrees."""
    azimuth = np.linspace(0, -360, 1441)[:-1]
    here = np.full(1440, lon), np.full(1440, lat)
    return shapely.Polygon(np.column_stack(GEOD.fwd(*here, azimuth, np.full(1440, radius_m))[:2]))


@pytest.mark.parametrize("row", list(csv.DictReader(CHECKED.open())), ids=lambda row: row["id"])
def test_a_checked_point_is_in_the_countries_that_it_was_checked_to_be_in(zones, row):
    """Exclaves, tripoints and shared areas: every batch answer has the country that was checked."""
    lon, lat, expected = float(row["lon"]), float(row["lat"]), set(row["expected"].split("|"))
    radius_m = 2 * ROUNDING_M if row["clearance_m"] == "0" else 0
    assert {hit.country for hit in zones.touches(lon, lat, radius_m)[0].countries} == expected
    assert set(zones.shares(lon, lat, radius_m)[0]) == expected


def test_touches_are_those_of_a_look(zones, mixed):
    """Circle by circle, countries and strips and what is certain are what `look` says."""
    touches = zones.touches(*mixed)
    for number, look in enumerate(zones.look(*mixed)):
        touch = touches[number]
        assert touch.countries == look.countries
        strips = sorted((hit.zone_id, hit.side, hit.certain) for hit in look.zones)
        assert sorted((hit.zone_id, hit.side, hit.certain) for hit in touch.zones) == strips


def test_the_circles_that_touch_a_strip_are_found_by_the_strip(zones, mixed):
    """Asked by area, the hits name the same circles as asked by circle."""
    touches = zones.touches(*mixed)
    for area in range(len(touches.strip_names)):
        circles, certain = touches.zones.where(area)
        by_circle = [
            (number, sure)
            for number in range(len(touches))
            for one, sure in touches.zones.of(number)
            if one == area
        ]
        assert list(zip(circles.tolist(), certain.tolist(), strict=True)) == by_circle


def test_the_border_is_as_far_as_the_other_country(zones, mixed, countries):
    """A signed distance is that to the nearest other country, found among its vertices' feet."""
    lon, lat, _ = mixed
    borders = zones.borders(lon, lat)
    for number in range(0, len(lon), 7):
        here = lon[number], lat[number]
        own = {code for code, one in countries.items() if one.covers(shapely.Point(here))}
        plain = min(feet_m(one, *here) for code, one in countries.items() if code not in own)
        if len(own) == 1 and plain < 60_000:
            assert borders.metres[number] == pytest.approx(plain, abs=0.05)


def feet_m(shape, lon, lat):
    """Return the distance to a polygon's outline, found in a plane around the point itself."""
    near = shapely.clip_by_rect(shape.boundary, lon - 1, lat - 0.65, lon + 1, lat + 0.65)
    if near.is_empty:
        return float("inf")
    fine = shapely.segmentize(near, 0.01)

    def local(lonlat):
        here = np.full(len(lonlat), lon), np.full(len(lonlat), lat)
        azimuth, _, metres = GEOD.inv(*here, lonlat[:, 0], lonlat[:, 1])
        turned = np.radians(azimuth)
        return np.column_stack([metres * np.sin(turned), metres * np.cos(turned)])

    return shapely.transform(fine, local).distance(shapely.Point(0, 0))


def test_where_two_countries_claim_the_distance_is_negative(zones, special_zones):
    """In the Ems-Dollart it is as far to where only one claims as the number says."""
    (shared,) = (one for key, one in special_zones.items() if "EMS" in key)
    middle = shapely.get_coordinates(shared.representative_point())[0]
    found = zones.borders(*middle)[0]
    assert found.metres < 0
    azimuth, here = np.linspace(0, 350, 36), np.tile(middle, (36, 1)).T
    for share, all_shared in ((0.99, True), (1.5, False)):
        lon, lat, _ = GEOD.fwd(*here, azimuth, np.full(36, -found.metres * share))
        both = zones.classify(lon, lat).where(lambda one: len(one.countries) == 2)
        assert both.all() == all_shared


@settings(max_examples=60, deadline=None)
@given(lon=LON, lat=LAT, azimuth=st.floats(0, 360), share=st.floats(0, 1))
def test_who_moves_less_than_the_distance_meets_no_other_country(zones, lon, lat, azimuth, share):
    """Moved by less than the distance to the border, a point is in no country that is new to it."""
    metres = zones.borders(lon, lat).metres[0]
    if not 0.1 < metres < 65_000:
        return
    there = GEOD.fwd(lon, lat, azimuth, (metres - 0.06) * share)[:2]
    assert set(zones.at(*there).countries) <= set(zones.at(lon, lat).countries)


@settings(max_examples=60, deadline=None)
@given(lon=LON, lat=LAT)
def test_a_circle_without_a_radius_touches_what_covers_it(zones, countries, lon, lat):
    """Plain predicates on the full polygons say the same of any point."""
    plain = {code for code, one in countries.items() if one.covers(shapely.Point(lon, lat))}
    assert {hit.country for hit in zones.touches(lon, lat)[0].countries} == plain


def test_a_share_is_that_of_the_circle_cut_by_the_polygons(zones, mixed, countries):
    """Each share is the area of a fine polygon for the circle, cut by the country, of the whole."""
    lon, lat, radius_m = (values[1::6] for values in mixed)
    shares = zones.shares(lon, lat, radius_m)
    for number in range(len(shares)):
        circle = round_polygon(lon[number], lat[number], radius_m[number])
        for column, code in enumerate(shares.countries):
            near = shapely.clip_by_rect(countries[code], *circle.buffer(1e-3).bounds)
            plain = near.intersection(circle).area / circle.area
            bound = 1e-4 + 0.013 / radius_m[number]
            assert shares.share[number, column] == pytest.approx(plain, abs=bound)


def test_the_shares_of_a_circle_add_up(zones):
    """A circle far from any border is in one country whole; on a border its shares add up to 1."""
    assert zones.shares(4.4, 50.8, 30_000)[0] == {"BE": 1.0}
    three = zones.shares(6.0177, 50.7708, 2_000)[0]
    assert set(three) == {"BE", "DE", "NL"}
    assert sum(three.values()) == pytest.approx(1, abs=1e-5)


def test_threads_share_what_the_batches_prepare(zones_path, mixed):
    """Four threads that start on fresh zones at once get the answers of one."""
    fresh = borderzones.load(zones_path)
    start = threading.Barrier(4)

    def ask():
        start.wait()
        return fresh.shares(*mixed).share, fresh.borders(*mixed[:2]).metres

    with ThreadPoolExecutor(4) as pool:
        answers = [one.result() for one in [pool.submit(ask) for _ in range(4)]]
    for share, metres in answers:
        assert np.array_equal(share, answers[0][0])
        assert np.array_equal(metres, answers[0][1])


@pytest.mark.parametrize(("lon", "lat", "reason"), NOWHERE)
def test_what_is_no_place_has_its_reason_in_every_batch(zones, lon, lat, reason):
    """Between two good circles, what is no place is answered as that, and moves nothing."""
    lons, lats = [5.0, lon, 6.0], [51.0, lat, 50.0]
    touches, borders = zones.touches(lons, lats, 20), zones.borders(lons, lats)
    shares = zones.shares(lons, lats, 20)
    for found in (touches, borders, shares):
        assert [REASONS[number] for number in found.reason] == ["", reason, ""]
    assert (touches[1].countries, borders[1].country, shares[1]) == ((), "", {})


@pytest.mark.parametrize("radius_m", [-1.0, 50_001.0, float("nan")])
def test_an_unusable_radius_is_a_reason(zones, radius_m):
    """A radius that is no radius is refused as such, circle by circle."""
    assert zones.touches(5.0, 51.0, radius_m)[0].reason == "radius"
    assert zones.shares(5.0, 51.0, radius_m)[0] == {}
