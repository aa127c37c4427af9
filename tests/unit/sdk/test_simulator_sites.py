"""Simulated incidents happen at real places."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from rooms.simulated import EPSG, all_sites

from dispatch_bus.domain.codes import Discipline
from dispatch_bus.sdk.simulator import sites
from dispatch_bus.sdk.simulator.atlas import ACROSS_KM, FAR_KM, NEAR_KM, atlas, owner
from dispatch_bus.sdk.simulator.sites import Site, SiteKind
from dispatch_bus.sdk.simulator.spec import RoomCentre


def _site(name: str, kind: SiteKind = SiteKind.PLACE) -> Site:
    return next(each for each in all_sites() if each.name == name and each.kind is kind)


def test_every_kind_of_site_is_found_in_the_data() -> None:
    """Places, postcodes, crossings, all thirty exclaves of Baarle, the Moselle, the tripoints."""
    kinds = Counter(each.kind for each in all_sites())
    assert kinds[SiteKind.BAARLE] == 30
    assert all(kinds[kind] for kind in SiteKind)
    assert {each.country for each in all_sites()} == set(EPSG)


def test_a_site_without_an_area_in_its_file_gets_that_of_the_nearest_place() -> None:
    """The Belgian exclaves are in the province of Antwerp, the Dutch ones in Noord-Brabant."""
    baarle = {(e.country, e.area) for e in all_sites() if e.kind is SiteKind.BAARLE}
    assert baarle == {("BE", "BE-VAN"), ("NL", "NL-VR20")}


def test_a_crossing_is_a_site_on_both_sides() -> None:
    """Either room may be called about it, with the road's name."""
    both = [each for each in all_sites() if each.name == "Hazeldonk / Meer"]
    assert {each.country for each in both} == {"NL", "BE"}
    assert {each.road for each in both} == {"A16 / E19"}


def test_sites_come_back_as_they_were_written(tmp_path: Path) -> None:
    """What a room loads is what was gathered."""
    some = all_sites()[::500]
    sites.write(some, tmp_path / "sites.json")
    assert sites.load(tmp_path / "sites.json") == some


@pytest.mark.parametrize("country", EPSG)
def test_a_room_sees_its_own_side_and_the_strip_across(country: str) -> None:
    """Its own sites are near the border or far inland, the neighbour's are close to it."""
    seen = atlas(all_sites(), country)
    assert {each.country for each in (*seen.own, *seen.inland, *seen.oddities)} == {country}
    assert all(each.border_km <= NEAR_KM for each in seen.own)
    assert all(each.border_km > FAR_KM for each in seen.inland)
    assert all(each.border_km <= ACROSS_KM and each.country != country for each in seen.across)


def _centre(name: str, lon: float, lat: float, *catchment: str) -> RoomCentre:
    fire = (Discipline.FIRE,)
    return RoomCentre(id=name, disciplines=fire, lon=lon, lat=lat, catchment=catchment)


def test_the_owner_is_the_centre_whose_catchment_has_the_area() -> None:
    """A centre that is nearer but not entitled does not own it."""
    gent = _site("Gent")
    entitled, near = _centre("far", 0.0, 45.0, gent.area), _centre("near", gent.lon, gent.lat)
    assert owner([near, entitled], Discipline.FIRE, gent) == "far"


def test_beyond_every_catchment_the_nearest_centre_owns_it() -> None:
    """A wrong-side caller's case belongs to the nearest centre of the room."""
    gent = _site("Gent")
    near, far = _centre("near", 4.3, 51.5, "NL-VR20"), _centre("far", 6.0, 53.0, "NL-VR01")
    assert owner([far, near], Discipline.FIRE, gent) == "near"


def test_a_discipline_that_the_room_has_not_has_no_owner() -> None:
    """Nobody is invented."""
    assert owner([_centre("fire", 4.0, 51.0)], Discipline.POLICE, _site("Gent")) is None
