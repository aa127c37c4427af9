"""Which region contains a centre: one of each country that it is in, and of no other."""

from __future__ import annotations

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st


def containing(look):
    """Return the regions that contain the centre, with their countries."""
    return {(hit.region_id, hit.country) for hit in look.regions if hit.distance_m == 0}


@settings(max_examples=150, deadline=None)
@given(lon=st.floats(1.2, 8.8), lat=st.floats(48.5, 54.4))
def test_a_centre_in_a_country_is_in_a_region_of_it(zones, regions, lon, lat):
    """The containing regions belong to the containing countries, and cover the centre."""
    [look] = zones.look(lon, lat)
    found = containing(look)
    assert {country for _, country in found} == set(look.centre_countries)
    for region, _ in found:
        assert shapely.distance(regions[region][1], shapely.Point(lon, lat)) < 3e-7


def test_a_centre_on_a_national_border_is_in_regions_of_both_sides(zones, borders):
    """Regions follow the countries on the border itself, where they were surveyed apart."""
    for pair, vertices in borders.items():
        for look in zones.look(*vertices[::29].T):
            assert set(pair) <= {country for _, country in containing(look)}


def test_a_centre_in_a_seam_between_two_regions_is_in_one_of_them(zones, countries, regions):
    """Where regions of one country leave a centimetre between them, the nearest one has it."""
    own = shapely.union_all([shape for country, shape in regions.values() if country == "NL"])
    seams = shapely.get_parts(countries["NL"].difference(own))
    spots = shapely.point_on_surface(seams)
    spots = spots[shapely.intersects(countries["NL"], spots) & shapely.disjoint(own, spots)]
    assert len(spots) > 500
    for look in zones.look(shapely.get_x(spots), shapely.get_y(spots)):
        assert "NL" in {country for _, country in containing(look)}


def test_a_centre_that_a_foreign_region_overlaps_is_in_its_own_alone(zones, countries, regions):
    """Where Dutch regions reach a centimetre over the border, the other side stays what it is."""
    own = shapely.union_all([shape for country, shape in regions.values() if country == "NL"])
    over = shapely.get_parts(own.difference(countries["NL"]))
    spots = shapely.point_on_surface(over)
    spots = spots[shapely.disjoint(countries["NL"], spots) & shapely.intersects(own, spots)]
    assert len(spots) > 300
    for look in zones.look(shapely.get_x(spots), shapely.get_y(spots)):
        assert "NL" not in {country for _, country in containing(look)}


def test_the_condominium_is_in_a_region_of_each_country(zones):
    """Midstream in the Moselle both a canton and a Kreis contain the centre."""
    [look] = zones.look(6.37, 49.544)
    assert containing(look) == {("LU-RM", "LU"), ("DE-10042", "DE")}


def test_a_region_is_certain_when_it_holds_the_whole_circle(zones):
    """The nearest other region is 272.8 m away: a smaller circle is certain, a wider is not."""
    small, wide = zones.look(4.92695, 51.43624, [272, 274])
    assert [hit.certain for hit in small.regions][:2] == [True, False]
    assert [hit.certain for hit in wide.regions][:2] == [False, False]
