"""Flaws of built zones: each kind is found where it was made, and sound areas have none."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from borderzones import BorderZone
from borderzones.flaws import Kind, Level, geometry_flaws
from borderzones.zonefile import Areas, ZoneFile

# 1e-5 degree is about a metre.
METRE = 1e-5


def areas(shapes, *keys):
    """Return areas from a mapping of their properties' values to shapes."""
    rows = tuple(dict(zip(keys, values, strict=True)) for values in shapes)
    multi = [shapely.multipolygons(shapely.get_parts(shape)) for shape in shapes.values()]
    return Areas(rows, np.array(multi))


class World:
    """A in the west and B in the east of 5° E; B has two regions, and S belongs to both."""

    def __init__(self):
        self.countries = {
            ("A",): shapely.box(4.9, 51, 5, 51.1),
            ("B",): shapely.box(5, 51, 5.1, 51.1),
        }
        self.regions = {
            ("A1", "A"): shapely.box(4.9, 51, 5, 51.1),
            ("B1", "B"): shapely.box(5, 51, 5.1, 51.05),
            ("B2", "B"): shapely.box(5, 51.05, 5.1, 51.1),
        }
        self.special = {("S", "A,B"): shapely.box(4.99, 51.01, 5.01, 51.02)}
        self.strips = {("A-B", "A"): shapely.box(4.99, 51, 5, 51.1)}

    def flaws(self):
        """Find the flaws of these areas."""
        layers = {
            "countries": areas(self.countries, "country"),
            "regions": areas(self.regions, "region_id", "country"),
            "special": areas(self.special, "special_id", "countries"),
            "strips": areas(self.strips, "zone_id", "side"),
            "pieces": areas({("A-B/A/A1",): self.strips["A-B", "A"]}, "piece_id"),
        }
        zone = BorderZone("A-B", ("A", "B"), (1000.0, 1000.0))
        return [
            (one.level, one.kind, one.where, one.spot)
            for one in geometry_flaws(ZoneFile("x", (zone,), (), layers))
        ]


@pytest.fixture
def world():
    """A sound world."""
    return World()


def bow_tie(world):
    ring = [(4.99, 51), (5, 51.1), (5, 51), (4.99, 51.1), (4.99, 51)]
    world.special["S", "A,B"] = shapely.Polygon(ring)


def missing_region(world):
    world.regions["B2", "B"] = shapely.box(5, 51.05 + METRE, 5.1, 51.1)


def no_man_s_land(world):
    hole = shapely.box(5, 51.03, 5.001, 51.031)
    for key in (("B",), ("B1", "B")):
        layer = world.countries if key == ("B",) else world.regions
        layer[key] = layer[key].difference(hole)


def two_claims(world):
    both = shapely.box(5, 51.06, 5 + 100 * METRE, 51.07)
    world.countries["A",] = world.countries["A",].union(both)
    world.regions["A1", "A"] = world.regions["A1", "A"].union(both)


def two_regions(world):
    world.regions["B2", "B"] = shapely.box(5, 51.05 - METRE, 5.1, 51.1)


def splinter(world):
    far = shapely.box(4.95, 51, 4.95 + METRE, 51 + METRE)
    world.strips["A-B", "A"] = world.strips["A-B", "A"].union(far)


def thread(world):
    far = shapely.box(4.95, 51, 4.95 + METRE / 2, 51.05)
    world.strips["A-B", "A"] = world.strips["A-B", "A"].union(far)


@pytest.mark.parametrize(
    ("spoil", "level", "kind", "where", "spot"),
    [
        (bow_tie, Level.ERROR, Kind.INVALID, "S", (4.995, 51.05)),
        (missing_region, Level.ERROR, Kind.GAP, "B", (5.05, 51.05)),
        (no_man_s_land, Level.ERROR, Kind.GAP, "A and B", (5.0005, 51.0305)),
        (two_claims, Level.ERROR, Kind.OVERLAP, "A and B", (5.0005, 51.065)),
        (two_regions, Level.WARNING, Kind.OVERLAP, "B1 and B2", (5.05, 51.05)),
        (splinter, Level.WARNING, Kind.SLIVER, "A-B/A", (4.95, 51.0)),
        (thread, Level.WARNING, Kind.SLIVER, "A-B/A", (4.95, 51.025)),
    ],
)
def test_each_flaw_is_found_where_it_is(world, spoil, level, kind, where, spot):
    """A flaw that was made is found once: its kind, between whom, and where."""
    spoil(world)
    (found,) = world.flaws()
    assert found[:3] == (level, kind, where)
    assert found[3] == pytest.approx(spot, abs=5e-4)


def test_sound_areas_have_no_flaw(world):
    """Seams of 2 cm, and what a special zone gives to both countries, are none."""
    world.regions["B2", "B"] = shapely.box(5, 51.05 + 2e-7, 5.1, 51.1)
    shared = world.special["S", "A,B"]
    for code, region in (("A", "A1"), ("B", "B1")):
        world.countries[code,] = world.countries[code,].union(shared)
        world.regions[region, code] = world.regions[region, code].union(shared)
    assert world.flaws() == []
