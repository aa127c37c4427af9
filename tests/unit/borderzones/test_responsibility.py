"""Who is responsible and who is closest, for many points at once: as the bus decides one by one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from borderzones.centres import Centre, Rooms
from borderzones.duties import Duty, Section, Spot
from borderzones.errors import DutyError
from borderzones.positions import REASONS
from dispatch_bus.bootstrap import BorderGeography, load_checked
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.place import Position

CHECKED = Path(__file__).parents[3] / "geo" / "borderzones" / "data" / "check_points.csv"
GEOD = Geod(ellps="WGS84")
LUX = Centre("LU-1", "LU", 6.13, 49.61)
TRIER = Centre("DE-1", "DE", 6.64, 49.75)
# A road and a river in the canton of Grevenmacher, near the border.
SPOT = (6.42, 49.68)


@pytest.fixture(scope="module")
def book():
    """What the shipped configuration says of centres and duties."""
    return load_checked(None)[0].book


@pytest.fixture(scope="module")
def duties(zones, book):
    """The same centres and duties over the shipped zones."""
    return zones.responsibility(
        [Centre(one.id, one.country, one.lon, one.lat) for one in book.centres.values()],
        [
            Duty(area, discipline.value, duty.centre, duty.backup or "")
            for (area, discipline), duty in book.duties.items()
        ],
    )


@pytest.fixture(scope="module")
def places(borders):
    """The checked points, and 160 within some kilometres of the borders."""
    rows = list(csv.DictReader(CHECKED.open()))
    chance = np.random.default_rng(11)
    vertices = np.concatenate(list(borders.values()))
    near = vertices[chance.integers(0, len(vertices), 160)] + chance.normal(0, 0.05, (160, 2))
    checked = [(float(row["lon"]), float(row["lat"])) for row in rows]
    return np.concatenate([np.array(checked), near]).T


@pytest.mark.parametrize("country", ["BE", "DE", "NL"])
@pytest.mark.parametrize("discipline", [Discipline.FIRE, Discipline.POLICE])
def test_the_batch_decides_as_the_bus(zones, book, duties, places, country, discipline):
    """Responsible and closest centre, backup and distance are those of the bus's own rules."""
    positions = [Position(lon=lon, lat=lat) for lon, lat in places.T.tolist()]
    responsible = duties.responsible(*places, discipline.value, country)
    closest = duties.closest(*places, discipline.value, country)
    for number, locality in enumerate(BorderGeography(zones).locate(positions)):
        one = book.responsible(locality, country, discipline)
        ranked = book.closest(locality, positions[number], country, discipline)
        if one is None:
            continue
        assert responsible[number].centre_id == one.centre.id
        assert responsible[number].metres == pytest.approx(one.distance_m, abs=0.01)
        tied = {c.centre.id for c in ranked if c.distance_m <= ranked[0].distance_m + 0.01}
        assert closest[number].centre_id in tied
        assert closest[number].metres == pytest.approx(ranked[0].distance_m, abs=0.01)


def test_a_section_goes_before_the_area(zones):
    """A stretch of a road one way, and the bank of a river, have centres of their own."""
    region = zones.at(*SPOT).regions[0]
    one_way = Section(road="A1", direction="Trier", from_km=30, to_km=37)
    found = zones.responsibility(
        [LUX, TRIER],
        [
            Duty(region, "fire", "LU-1", "DE-1"),
            Duty(region, "fire", "LU-1", section=one_way),
            Duty(region, "fire", "LU-1", section=Section(river_bank="Moselle, left")),
        ],
    )
    spots = [
        Spot(road="A1", direction="Trier", kilometre=33.5),
        Spot(road="A1", direction="Luxembourg", kilometre=33.5),
        Spot(road="A1", direction="Trier", kilometre=29.9),
        Spot(road="A1", direction="Trier"),
        Spot(river_bank="Moselle, left"),
        None,
    ]
    lon, lat = np.tile(SPOT, (6, 1)).T
    answers = found.responsible(lon, lat, "fire", "LU", spots)
    grounds = [answers[number].ground for number in range(6)]
    assert grounds == ["section", "area", "area", "area", "section", "area"]
    assert [answers[number].backup for number in range(6)] == ["", *["DE-1"] * 3, "", "DE-1"]


def test_a_special_zone_goes_before_the_region_that_it_lies_in(zones, special_zones):
    """A duty for an exclave holds there, and nowhere else in the region."""
    name = "BAARLE-BE-01"
    centre = Centre("BE-1", "BE", 4.4, 51.2)
    middle = special_zones[name].representative_point()
    found = zones.responsibility(
        [centre], [Duty(name, "police", "BE-1"), Duty("BE-VAN", "police", "BE-1")]
    )
    answers = found.responsible([middle.x, 4.4], [middle.y, 51.2], "police", "BE")
    assert [answers[0].ground, answers[1].ground] == ["special_zone", "area"]
    assert [answers[0].area, answers[1].area] == [name, "BE-VAN"]


def test_what_is_no_place_and_what_is_too_far_have_no_centre(duties):
    """Not a number, and a place beyond 65 km of all duties, are answered without a centre."""
    lon, lat = [float("nan"), 6.0, 4.0], [51.0, 49.45, 45.0]
    for found in (
        duties.responsible(lon, lat, "fire", "NL"),
        duties.closest(lon, lat, "fire", "NL"),
    ):
        assert found.duty.tolist() == [-1, -1, -1]
        assert [found[0].reason, found[1].reason, found[2].ground] == ["nan", "", ""]
        assert np.isnan(found.metres).all()


@pytest.mark.parametrize(
    ("duty", "message"),
    [
        (Duty("LU-XX", "fire", "LU-1"), "no such area"),
        (Duty("BE-VAN", "fire", "LU-9"), "no centre 'LU-9'"),
        (Duty("BE-VAN", "fire", "LU-1", "LU-8"), "no centre 'LU-8'"),
    ],
)
def test_a_duty_for_what_is_not_there_is_refused(zones, duty, message):
    """An area or a centre that nobody knows is refused by its name."""
    with pytest.raises(DutyError, match=message):
        zones.responsibility([LUX], [duty])


def test_two_duties_for_the_same_are_refused(zones):
    """An area has one duty for a discipline."""
    duty = Duty("BE-VAN", "fire", "LU-1")
    with pytest.raises(DutyError, match="stands twice"):
        zones.responsibility([LUX], [duty, duty])


def test_the_nearest_room_is_that_of_the_least_geodesic(book):
    """Few points and many, near and far, each have the room that plain geodesics say is nearest."""
    rooms = Rooms(
        tuple(Centre(one.id, one.country, one.lon, one.lat) for one in book.centres.values())
    )
    chance = np.random.default_rng(5)
    lon, lat = chance.uniform(1, 9, 100_000), chance.uniform(48, 55, 100_000)
    lon[:50], lat[:50] = chance.uniform(-180, 180, 50), chance.uniform(-89, 89, 50)
    many = rooms.nearest(lon, lat)
    few = rooms.nearest(lon[:400], lat[:400])
    assert (few.centre == many.centre[:400]).all()
    for number in range(400):
        here = (np.full(len(rooms.centres), lon[number]), np.full(len(rooms.centres), lat[number]))
        there = np.array([(one.lon, one.lat) for one in rooms.centres]).T
        metres = GEOD.inv(*here, *there)[2]
        assert many[number].metres == pytest.approx(metres.min(), abs=1e-6)


def test_no_place_and_no_centres_have_no_nearest_room():
    """Zeros are no place, and without centres none is near."""
    assert Rooms((LUX,)).nearest([0.0, 6.0], [0.0, 50.0]).centre.tolist() == [-1, 0]
    assert REASONS[Rooms((LUX,)).nearest(0.0, 0.0).reason[0]] == "null_island"
    assert Rooms(()).nearest(6.0, 50.0)[0].centre_id == ""
