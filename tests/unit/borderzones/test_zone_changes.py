"""Changes between two editions: what is new, gone or different, and how much ground that is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from borderzones import BorderZone
from borderzones.changes import changes
from borderzones.zonefile import Areas, ZoneFile

HOME = shapely.box(4.9, 51, 5, 51.1)


def edition(depth_m=1000.0, west=4.98, countries="A", special="S"):
    """Return an edition of one country with one strip and one special zone."""
    zone = BorderZone("A-B", ("A", "B"), (depth_m, 0.0))
    rows = {
        "countries": ({"country": "A"}, HOME),
        "regions": ({"region_id": "A1", "country": "A"}, HOME),
        "special": ({"special_id": special, "countries": countries}, HOME),
        "strips": ({"zone_id": "A-B", "side": "A"}, shapely.box(west, 51, 5, 51.1)),
    }
    layers = {
        name: Areas((row,), np.array([shapely.multipolygons([shape])], dtype=object))
        for name, (row, shape) in rows.items()
    }
    return ZoneFile("x", (zone,), (), layers)


def told(old, new):
    """Return what changed, without the shapes."""
    return [(one.kind, one.where, one.what) for one in changes(old, new)]


def test_equal_editions_have_no_change():
    """The same areas with the same rules are no change."""
    assert told(edition(), edition()) == []


def test_a_deeper_strip_gains_ground():
    """The depth is told, and the ground is measured on the ellipsoid."""
    (found,) = changes(edition(), edition(depth_m=2000.0, west=4.96))
    assert (found.kind, found.where, found.what) == ("strip", "A-B/A", "depth_m: 1000 → 2000")
    # 0.02° by 0.1° at 51° north: 1,405 m by 11,126 m.
    assert found.gained_m2 == pytest.approx(1_405 * 11_126, rel=0.002)
    assert found.lost_m2 == 0


def test_a_shallower_strip_loses_ground():
    """What is no longer in the strip is lost."""
    (found,) = changes(edition(), edition(west=4.99))
    assert found.what == "another outline"
    assert (found.gained_m2, found.lost_m2 > 0) == (0, True)


def test_a_rule_may_change_without_any_ground():
    """A special zone that concerns another country is told as such."""
    (found,) = changes(edition(), edition(countries="A,B"))
    assert (found.what, found.gained_m2, found.lost_m2) == ("countries: A → A,B", 0, 0)


def test_what_is_new_or_gone_is_told():
    """An area under another id is one that is gone and one that is new."""
    assert told(edition(), edition(special="T")) == [
        ("special zone", "S", "removed"),
        ("special zone", "T", "added"),
    ]
