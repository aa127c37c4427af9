"""Which strips of the border zones a circle touches."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from borderzones import ZoneHit, zonefile

#: What docs/zones.md promises for the outer edge of a strip.
EDGE_M = 2.5


@pytest.fixture(scope="module")
def around(borders):
    """Three thousand places around the borders, up to about 50 km away."""
    chance = np.random.default_rng(15)
    vertices = np.concatenate(list(borders.values()))
    picked = vertices[chance.integers(0, len(vertices), 3_000)]
    return picked + chance.normal(0, [0.2, 0.13], picked.shape)


def distances(zones, lon, lat):
    """Return, for each centre, the distance to each country within 25 km."""
    looks = zones.look(lon, lat, 10_000)
    return [
        {
            country: min(hit.distance_m for hit in look.regions if hit.country == country)
            for country in {hit.country for hit in look.regions}
        }
        for look in looks
    ]


def test_a_strip_is_what_lies_in_one_country_within_the_depth_of_the_other(zones, around):
    """A centre is in a strip if its country is the side and the other is within the depth."""
    lon, lat = around.T
    for look, near in zip(zones.look(lon, lat), distances(zones, lon, lat), strict=True):
        hit = {(found.zone_id, found.side) for found in look.zones}
        for zone in zones.definitions:
            for side, other in (zone.pair, zone.pair[::-1]):
                metres = near.get(other, np.inf)
                depth_m = zone.depth_m(side)
                inside = side in look.centre_countries and metres <= depth_m
                if abs(metres - depth_m) > EDGE_M:
                    assert ((zone.zone_id, side) in hit) == inside


def test_the_outer_edge_of_every_strip_is_at_its_depth(zones, zones_path, countries):
    """Each vertex of an outer edge is as far from the other country as the zone is deep."""
    outlines = {tuple(c) for s in countries.values() for c in shapely.get_coordinates(s).tolist()}
    defined = {zone.zone_id: zone for zone in zones.definitions}
    strips = zonefile.read(zones_path)[0].layers["strips"]
    checked = 0
    for row, strip in zip(strips.rows, strips.polygons, strict=True):
        edge = [c for c in shapely.get_coordinates(strip).tolist() if tuple(c) not in outlines]
        for look in zones.look(*np.array(edge[::9]).T):
            for hit in look.zones:
                if (hit.zone_id, hit.side) == (row["zone_id"], row["side"]) and hit.border_m:
                    assert hit.border_m == pytest.approx(
                        defined[hit.zone_id].depth_m(hit.side), abs=EDGE_M
                    )
                    checked += 1
    assert checked > 3_000


def test_both_sides_of_baarle_are_in_the_zone_of_the_two_countries(zones):
    """In the exclave the side is Belgium, in the enclave within it the Netherlands."""
    belgian, dutch = zones.look([4.92695, 4.92341], [51.43624, 51.43891])
    pair = ("NL", "BE")
    assert belgian.zones == (
        ZoneHit("NL-BE-15km", pair, "BE", certain=True, border_m=belgian.zones[0].border_m),
    )
    assert belgian.zones[0].border_m == pytest.approx(272.8, abs=0.1)
    assert [(hit.side, hit.pair) for hit in dutch.zones] == [("NL", pair)]
    assert dutch.zones[0].border_m == pytest.approx(76.6, abs=0.3)


def test_in_an_area_of_two_countries_both_strips_are_hit_at_distance_zero(zones):
    """Midstream in the Moselle both sides of the zone hold the centre, and the border is there."""
    [look] = zones.look(6.37, 49.544)
    common = [hit for hit in look.zones if hit.pair == ("LU", "DE")]
    assert {(hit.side, hit.border_m) for hit in common} == {("LU", 0.0), ("DE", 0.0)}


def test_a_circle_across_the_border_touches_both_strips_and_is_certain_of_none(zones):
    """A circle on the road from Hazeldonk to Meer touches the strips of both sides."""
    [look] = zones.look(4.740648, 51.487614, 500)
    assert {hit.side for hit in look.zones} == {"NL", "BE"}
    assert not any(hit.certain for hit in look.zones)


def test_a_circle_across_the_outer_edge_touches_the_strip_and_is_not_certain(zones):
    """Eindhoven lies 15.7 km from Belgium: a circle of 1 km reaches into the strip."""
    point, circle = zones.look(5.478, 51.441, [0, 1_000])
    [border_m] = [hit.border_m for hit in circle.zones]
    assert point.zones == ()
    assert 15_000 + EDGE_M < border_m < 16_000
    assert [hit.certain for hit in circle.zones] == [False]


def test_far_inland_no_zone_is_hit(zones):
    """Utrecht is in no border zone, whatever the accuracy of its position."""
    assert [look.zones for look in zones.look(5.12, 52.09, [0, 5_000])] == [(), ()]


def test_the_zones_of_several_pairs_come_nearest_border_first(zones):
    """Near the tripoint a centre is in the zones of more than one pair, the nearest first."""
    [look] = zones.look(6.0181, 50.7708)
    assert {hit.zone_id for hit in look.zones} == {"NL-BE-15km", "NL-DE-15km"}
    metres = [hit.border_m for hit in look.zones]
    assert metres == sorted(metres)


def test_pieces_are_strips_cut_by_region(zones):
    """A centre in a strip is in the piece that is named after zone, side and its region."""
    names = zones.pieces.column("piece_id")
    for lon, lat in [(4.92341, 51.43891), (6.0181, 50.7708), (5.8167, 49.6833)]:
        [look] = zones.look(lon, lat)
        inside = shapely.intersects_xy(zones.pieces.polygons, lon, lat)
        assert {name for name, here in zip(names, inside, strict=True) if here} == {
            f"{hit.zone_id}/{hit.side}/{region.region_id}"
            for hit in look.zones
            for region in look.regions
            if region.distance_m == 0 and region.country == hit.side
        }
