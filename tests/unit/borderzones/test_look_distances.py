"""Distances: metres on the ellipsoid, against an independent computation."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod, Transformer

#: What docs/zones.md promises for every distance up to 65 km.
BOUND_M = 0.05
GEOD = Geod(ellps="WGS84")


def true_distance_m(shape, lon, lat, within_m):
    """Measure from a point to an outline in the azimuthal equidistant projection of the point.

    There, distances from the point are geodesic; edges are cut to 50 m so that they stay straight.
    """
    window = shapely.box(
        lon - within_m / 60e3, lat - within_m / 100e3, lon + within_m / 60e3, lat + within_m / 100e3
    )
    lines = shapely.segmentize(shapely.intersection(shape.boundary, window), 0.0005)
    local = CRS.from_dict({"proj": "aeqd", "lat_0": lat, "lon_0": lon, "ellps": "WGS84"})
    project = Transformer.from_crs(4326, local, always_xy=True)
    flat = shapely.transform(lines, lambda c: np.column_stack(project.transform(c[:, 0], c[:, 1])))
    return shapely.distance(flat, shapely.Point(0, 0))


@pytest.fixture(scope="module")
def places(borders):
    """Forty places around the borders, up to about 20 km away."""
    chance = np.random.default_rng(20261123)
    vertices = np.concatenate(list(borders.values()))
    picked = vertices[chance.integers(0, len(vertices), 40)]
    return picked + chance.normal(0, [0.12, 0.08], picked.shape)


def test_the_distance_to_a_region_is_geodesic(zones, regions, places):
    """Every region within 15 km of a place is as far as the independent computation says."""
    checked = 0
    for (lon, lat), look in zip(places, zones.look(*places.T), strict=True):
        for hit in look.regions:
            if hit.distance_m:
                truth = true_distance_m(regions[hit.region_id][1], lon, lat, 16_000)
                assert hit.distance_m == pytest.approx(truth, abs=BOUND_M)
                checked += 1
    assert checked > 80


def test_the_distance_to_the_border_is_geodesic(zones, countries, places):
    """The border is as far as the independent computation says, up to 65 km."""
    checked = 0
    for (lon, lat), look in zip(places, zones.look(*places.T, 50_000), strict=True):
        for hit in look.zones:
            other = next(country for country in hit.pair if country != hit.side)
            if hit.border_m:
                truth = true_distance_m(countries[other], lon, lat, 66_000)
                assert hit.border_m == pytest.approx(truth, abs=BOUND_M)
                checked += 1
    assert checked > 80


def test_a_circle_touches_a_country_when_its_radius_exceeds_the_distance(zones, places):
    """Just below the distance to a country the circle misses it, just above it touches."""
    checked = 0
    for (lon, lat), look in zip(places, zones.look(*places.T), strict=True):
        for hit in look.zones:
            if hit.border_m:
                radii = [max(hit.border_m - BOUND_M, 0), hit.border_m + BOUND_M]
                below, above = zones.look(lon, lat, radii)
                other = next(country for country in hit.pair if country != hit.side)
                assert other not in {found.country for found in below.countries}
                assert other in {found.country for found in above.countries}
                checked += 1
    assert checked > 20


def test_the_regions_within_reach_are_all_there_nearest_first(zones, regions, places):
    """Every region within the deepest zone plus the radius comes, nearest first, and no other."""
    reach_m = max(zone.deepest_m for zone in zones.definitions) + 2_000
    for (lon, lat), look in zip(places[:12], zones.look(*places[:12].T, 2_000), strict=True):
        metres = [hit.distance_m for hit in look.regions]
        assert metres == sorted(metres)
        window = shapely.box(lon - 0.3, lat - 0.2, lon + 0.3, lat + 0.2)
        near = {key: shape for key, (_, shape) in regions.items() if shape.intersects(window)}
        truth = {
            key
            for key, shape in near.items()
            if shape.covers(shapely.Point(lon, lat))
            or true_distance_m(shape, lon, lat, 18_000) <= reach_m
        }
        assert {hit.region_id for hit in look.regions} == truth
