"""What the files say arrives in the domain's values."""

from __future__ import annotations

from datetime import time
from pathlib import Path

from dispatch_bus.domain.agreement import Hours, NoLocation, Shareable
from dispatch_bus.domain.book import Duty
from dispatch_bus.domain.centre import Desk, SecondChannel
from dispatch_bus.domain.codes import Category, Discipline, Mode, Priority
from dispatch_bus.domain.report import Classification
from dispatch_bus.settings import load


def test_a_room_brings_its_codes(folder: Path) -> None:
    """A room knows its adapter, its coordinates, its options and what its codes mean."""
    room = load(folder).rooms[0]
    assert (room.adapter, room.settings.id, room.settings.epsg) == ("plain", "NL", 28992)
    assert room.settings.options == {"url": "http://127.0.0.1:8431", "token": "simulated"}
    assert room.settings.scheme == "nl-test"
    assert room.settings.codes["A2"] == Classification(
        category=Category.TRAFFIC,
        priority=Priority.URGENT,
        code="A2",
        label="Obstacle",
        scheme="nl-test",
    )


def test_a_room_says_how_many_messages_it_takes_at_once(folder: Path) -> None:
    """As many as its entry says, or 32."""
    file = folder / "rooms.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("epsg = 28992", "epsg = 28992\nin_flight = 4", 1), "utf-8")
    assert [room.settings.in_flight for room in load(folder).rooms[:2]] == [4, 32]


def test_a_centre_keeps_what_it_is(folder: Path) -> None:
    """A centre has its position, disciplines, catchment, languages, desks and room."""
    centre = load(folder).book.centre("NL-ALL")
    everything = (Discipline.FIRE, Discipline.AMBULANCE, Discipline.POLICE)
    assert (centre.lon, centre.lat, centre.room) == (4.5, 51.5, "NL")
    assert centre.disciplines == frozenset(everything)
    assert centre.catchment == {"NL-1", "NL-2"}
    assert centre.languages == ("nl", "fr-BE")
    assert centre.second_channel is SecondChannel.CONSOLE
    assert centre.desks == (Desk(name="Desk", disciplines=everything),)


def test_a_centre_marks_all_modes_unless_it_says_otherwise(folder: Path) -> None:
    """Modes are those that the entry names, and all of them where it names none."""
    file = folder / "centres.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("confirmed", 'modes = ["actual"]\nconfirmed', 1), "utf-8")
    centres = load(folder).book.centres
    assert centres["NL-ALL"].modes == {Mode.ACTUAL}
    assert centres["BE-112"].modes == set(Mode)


def test_duties_are_spread_over_areas_and_disciplines(folder: Path) -> None:
    """One entry decides each of its areas for each of its disciplines; unserved gives none."""
    duties = load(folder).book.duties
    assert duties["NL-2", Discipline.FIRE] == Duty("NL-ALL")
    assert duties["BE-1", Discipline.POLICE] == Duty("BE-101", "BE-102")
    assert ("BE-9", Discipline.POLICE) not in duties
    assert len(duties) == 9


def test_an_agreement_keeps_what_was_settled(folder: Path) -> None:
    """An agreement is found by pair and discipline, with its fields, hours and bases."""
    agreement = load(folder).book.agreements[frozenset({"BE", "NL"}), Discipline.POLICE]
    assert (agreement.id, agreement.version) == ("NL-BE-police", 3)
    assert (agreement.legal_basis, agreement.data_regime) == ("A treaty", "A law")
    assert agreement.least_priority is Priority.SOON
    assert agreement.categories == {Category.TRAFFIC, Category.UNMAPPED}
    assert agreement.mirror_fields == {Shareable.PLACE, Shareable.UNITS}
    assert agreement.handoff_fields - agreement.mirror_fields == {Shareable.PEOPLE}
    assert agreement.no_location is NoLocation.NOTHING
    assert agreement.hours == Hours(start=time(22), end=time(6))


def test_a_named_centre_takes_incidents_without_location(folder: Path) -> None:
    """The centre for incidents without a usable location arrives where it is named."""
    file = folder / "agreements.toml"
    named = '"centre"\nno_location_centre = "BE-101"'
    file.write_text(file.read_text("utf-8").replace('"nothing"', named, 1), "utf-8")
    agreement = load(folder).book.agreements[frozenset({"BE", "NL"}), Discipline.POLICE]
    assert agreement.no_location_centre == "BE-101"


def test_the_bus_and_its_zones_are_there(folder: Path) -> None:
    """The bus's own settings and the zones' ids come along."""
    settings = load(folder)
    assert settings.bus.gateway.port == 8420
    assert settings.bus.delivery.overdue_s == 10
    assert (settings.zones[0].id, settings.zones[0].depth_m) == ("NL-BE-15km", 15_000)
