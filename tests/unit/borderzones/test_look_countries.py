"""Which countries a circle lies in: the polygons' own answer, at every kind of border."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from borderzones import CountryHit

CHECK_POINTS = Path(__file__).parents[3] / "geo" / "borderzones" / "data" / "check_points.csv"
with CHECK_POINTS.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
TRIPOINTS = [row for row in ROWS if row["clearance_m"] == "0"]
PLAIN = [row for row in ROWS if row["clearance_m"] != "0"]
# The file's positions have six decimals, so a tripoint's may be 0.1 m beside the shared vertex.
ROUNDING_M = 0.1


def place(row):
    """Return the longitude and latitude of a check point."""
    return float(row["lon"]), float(row["lat"])


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row["id"])
def test_a_check_point_lies_in_the_expected_countries(zones, row):
    """The centre of every check point is in the countries that official sources say."""
    [look] = zones.look(*place(row))
    assert look.centre_countries == tuple(sorted(row["expected"].split("|")))


@pytest.mark.parametrize("row", TRIPOINTS, ids=lambda row: row["id"])
def test_a_tripoint_touches_all_its_countries(zones, row):
    """The rounded position of a tripoint touches exactly the countries that meet there."""
    [look] = zones.look(*place(row), ROUNDING_M)
    expected = sorted(row["expected"].split("|"))
    assert look.countries == tuple(CountryHit(country, certain=False) for country in expected)


CORNERS = {"whole": (1.2, 48.5, 8.8, 54.4), "baarle": (4.83, 51.40, 4.96, 51.46)}


@settings(max_examples=150, deadline=None)
@given(corner=st.sampled_from(sorted(CORNERS)), east=st.floats(0, 1), north=st.floats(0, 1))
def test_any_centre_gets_the_answer_of_the_plain_predicate(zones, countries, corner, east, north):
    """Anywhere, the countries are those whose full polygon covers the point, says shapely."""
    west, south, far_east, far_north = CORNERS[corner]
    lon, lat = west + east * (far_east - west), south + north * (far_north - south)
    [look] = zones.look(lon, lat)
    point = shapely.Point(lon, lat)
    plain = tuple(sorted(code for code, shape in countries.items() if shape.covers(point)))
    assert look.centre_countries == plain


@settings(max_examples=150, deadline=None)
@given(number=st.integers(0), dx=st.integers(-20, 20), dy=st.integers(-20, 20))
def test_a_centre_centimetres_from_a_border_gets_the_plain_answer(
    zones, countries, borders, number, dx, dy
):
    """Within centimetres of a vertex of a border the answer is still the polygons' own."""
    vertices = np.concatenate(list(borders.values()))
    lon, lat = vertices[number % len(vertices)] + np.array([dx, dy]) * 1e-8
    [look] = zones.look(lon, lat)
    point = shapely.Point(lon, lat)
    plain = tuple(sorted(code for code, shape in countries.items() if shape.covers(point)))
    assert look.centre_countries == plain


def test_a_vertex_of_a_border_belongs_to_both_countries(zones, borders):
    """A point on a border belongs to both sides, at every seventh vertex of every border."""
    assert len(borders) == 8
    for pair, vertices in borders.items():
        for look in zones.look(*vertices[::7].T):
            assert set(pair) <= set(look.centre_countries)


def test_every_exclave_is_in_its_own_country_alone(zones, special_zones):
    """A point inside each exclave at Baarle and the Vennbahn is in its country and in no other."""
    exclaves = {key: shape for key, shape in special_zones.items() if key[:3] in {"BAA", "VEN"}}
    assert len(exclaves) == 35
    for key, shape in exclaves.items():
        inside = shape.representative_point()
        [look] = zones.look(inside.x, inside.y)
        assert look.centre_countries == (key.split("-")[1],)
        assert key in look.special


@pytest.mark.parametrize(
    ("special", "expected"), [("LU-DE-CONDOMINIUM", ("DE", "LU")), ("EMS-DOLLART", ("DE", "NL"))]
)
def test_an_area_of_two_countries_is_in_both(zones, special_zones, special, expected):
    """On the common rivers and in the Ems-Dollart a centre is in both countries, both certain."""
    inside = special_zones[special].representative_point()
    [look] = zones.look(inside.x, inside.y)
    assert look.centre_countries == expected
    assert [hit.country for hit in look.countries if hit.certain] == list(expected)
    assert look.special == (special,)


def test_a_circle_at_the_tripoint_near_vaals_is_certain_of_nothing(zones):
    """Fifty metres around the tripoint touch three countries, and none holds the circle."""
    [look] = zones.look(6.021007, 50.754287, 50)
    assert look.countries == tuple(CountryHit(code, certain=False) for code in ("BE", "DE", "NL"))


@pytest.mark.parametrize(("radius_m", "certain"), [(272, True), (274, False)])
def test_a_circle_is_uncertain_once_it_touches_the_border(zones, radius_m, certain):
    """In Baarle's largest exclave the border is 272.8 m away: a wider circle touches both."""
    [look] = zones.look(4.92695, 51.43624, radius_m)
    belgium, *others = look.countries
    assert belgium == CountryHit("BE", certain)
    assert [hit.country for hit in others] == ([] if certain else ["NL"])


def test_a_point_at_sea_beyond_the_territorial_waters_is_in_no_country(zones):
    """A place within reach of the data may be in no country: its regions are then at a distance."""
    [look] = zones.look(3.3, 51.9)
    assert look.answer == "place"
    assert look.centre_countries == ()
    assert look.countries == ()
    assert min(hit.distance_m for hit in look.regions) > 0
