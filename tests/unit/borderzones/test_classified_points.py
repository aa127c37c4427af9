"""Classifying points: at every point the same as the polygons themselves say."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import shapely
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import borderzones
from borderzones import NOT_A_PLACE, Combination, zonefile
from borderzones.classes import combination_of
from borderzones.zones import load

CHECK_POINTS = Path(borderzones.__file__).with_name("data") / "check_points.csv"


def near_outlines(layer, count, spread_deg, seed=1):
    """Return points beside the outlines of a layer, as normally distributed distances."""
    chance = np.random.default_rng(seed)
    vertices = np.concatenate([shapely.get_coordinates(one) for one in layer.polygons])
    chosen = vertices[chance.integers(0, len(vertices), count)]
    return (chosen + chance.normal(0, spread_deg, (count, 2))).T


def looked(zones, lon, lat):
    """Return the combination of each point as looks at single points say it."""
    return [combination_of(look) for look in zones.look(lon, lat)]


def assert_same(zones, lon, lat):
    """Compare both ways to classify with a look."""
    found, expected = zones.classify(lon, lat), looked(zones, lon, lat)
    assert [found[i] for i in range(len(found))] == expected
    assert [zones.at(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)] == expected


@pytest.fixture(scope="session")
def layers(zones_path):
    """The layers of the shipped zones."""
    return zonefile.read(zones_path)[0].layers


@pytest.mark.parametrize("layer", ["countries", "regions", "strips", "special"])
@pytest.mark.parametrize("spread_deg", [1e-2, 1e-5, 1e-8])
def test_beside_outlines_it_is_what_a_look_says(zones, layers, layer, spread_deg):
    """A kilometre, a metre and a millimetre beside borders, regions, strips and exclaves."""
    assert_same(zones, *near_outlines(layers[layer], 400, spread_deg))


def test_on_vertices_it_is_in_every_area_that_meets_there(zones, layers):
    """A point on an outline belongs to both sides."""
    lon, lat = near_outlines(layers["countries"], 300, 0.0)
    found = zones.classify(lon, lat)
    assert found.where(lambda one: len(one.countries) >= 1).all()
    assert_same(zones, lon, lat)


@pytest.mark.parametrize("axis", [0, 1])
def test_on_the_meridian_or_parallel_of_a_vertex_it_is_what_a_look_says(zones, layers, axis):
    """Exactly north or east of a vertex, within tens of metres, no outline is crossed twice."""
    chance = np.random.default_rng(3)
    lonlat = near_outlines(layers["strips"], 400, 0.0)
    lonlat[1 - axis] += chance.normal(0, 3e-4, 400)
    assert_same(zones, *lonlat)


def test_anywhere_countries_are_those_whose_polygons_cover_it(zones, countries):
    """Plain predicates of the data's own polygons say the same."""
    chance = np.random.default_rng(2)
    lon, lat = chance.uniform(2, 8, 20_000), chance.uniform(49, 54, 20_000)
    found = zones.classify(lon, lat)
    for code, shape in countries.items():
        shapely.prepare(shape)
        covered = shapely.intersects_xy(shape, lon, lat)
        assert (found.where(lambda one, code=code: code in one.countries) == covered).all()


@settings(max_examples=300)
@given(
    lon=st.floats(allow_nan=True, allow_infinity=True) | st.floats(1, 9),
    lat=st.floats(allow_nan=True, allow_infinity=True) | st.floats(48, 55),
)
def test_no_number_raises_and_what_is_no_place_is_told(zones, lon, lat):
    """NaN, infinite, out of range and null island are no place; all else is what a look says."""
    (look,) = zones.look(lon, lat)
    is_place = look.answer != "not_a_place" or look.reason == "swapped?"
    expected = combination_of(look) if is_place else None
    assert zones.at(lon, lat) == expected
    assert zones.classify(lon, lat)[0] == expected
    assert (zones.classify(lon, lat).codes[0] == NOT_A_PLACE) == (not is_place)


def test_every_check_point_is_in_its_country(zones):
    """Exclaves of Baarle and of the Vennbahn, river banks: one by one."""
    with CHECK_POINTS.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for row in (one for one in rows if one["clearance_m"] != "0"):
        found = zones.at(float(row["lon"]), float(row["lat"]))
        assert set(found.countries) == set(row["expected"].split("|")), row


def test_without_a_grid_the_polygons_are_asked(zones, zones_path, tmp_path):
    """A zone file may come without: slower, and the same."""
    content, _ = zonefile.read(zones_path)
    zonefile.write(tmp_path / "plain.bzones", evolve(content, grid={}))
    plain = load(tmp_path / "plain.bzones")
    lon, lat = near_outlines(content.layers["countries"], 50, 1e-3)
    assert [*map(plain.classify(lon, lat).__getitem__, range(50))] == looked(zones, lon, lat)
    assert plain.at(float("nan"), 51.0) is None
    assert plain.at(170.0, 51.0) == Combination()
