"""A message is written in the room's own terms."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from rooms.samples import CLASSIFICATION, NOON, REPORT, message

from dispatch_bus.domain.message import Content
from dispatch_bus.domain.place import Linear, Place, Position
from dispatch_bus.domain.report import Note, Times, Voice
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.coordinates import to_wgs84
from dispatch_bus.sdk.plain import messages

ROOM = RoomSettings(id="BE", country="BE", epsg=31370, scheme="BE")


def test_the_envelope_is_told_whole() -> None:
    """Who tells whom what, under which agreement, until when."""
    told = messages.write(message(), ROOM)
    assert told["id"] == "m-1"
    assert told["notice"] == str(UUID(int=1))
    assert (told["act"], told["side"], told["sequence"]) == ("offer", "receiver", 1)
    assert (told["owner"], told["receiver"], told["to"]) == (
        "NL-MK-LIM",
        "BE-112-LIM",
        "BE-112-LIM",
    )
    assert (told["case"], told["revision"]) == ("2026-1", 3)
    assert told["deadline"] == NOON.isoformat()


def test_nothing_is_told_as_null() -> None:
    """What is none is left out."""
    assert "cause" not in messages.write(message(), ROOM)
    assert "null" not in json.dumps(messages.write(message(deadline=None), ROOM))


def test_the_position_is_in_the_rooms_system() -> None:
    """A place near the border comes in the coordinates that the room's own map has."""
    position = messages.write(message(), ROOM)["content"]["position"]
    assert position["epsg"] == 31370
    lon, lat = to_wgs84(position["x"], position["y"], 31370)
    assert (float(lon), float(lat)) == pytest.approx((5.7, 50.85), abs=1e-6)
    assert position["accuracy_m"] == 20


def test_a_place_that_the_rooms_system_does_not_serve_comes_in_degrees() -> None:
    """Far beyond the room's country it is longitude and latitude, and says so."""
    place = Place(position=Position(lon=9.99, lat=53.55))
    told = messages.write(message(content=Content(place=place)), ROOM)["content"]["position"]
    assert told == {"x": 9.99, "y": 53.55, "epsg": 4326}


def test_the_senders_code_stands_beside_the_buss_category() -> None:
    """Category and priority are the bus's, code, label and scheme the sender's."""
    told = messages.write(message(), ROOM)["content"]
    expected = {"category": "fire", "priority": 1, "code": "B2", "label": "Brand in woning"}
    assert expected.items() <= told.items()
    assert told["scheme"] == "NL"


def test_what_may_not_travel_is_absent() -> None:
    """A message without content says nothing of the case."""
    assert messages.write(message(content=Content()), ROOM)["content"] == {}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("to", "to"),
        ("message", "message"),
        ("content.people[0].name", "content.people[0].name"),
        ("content.position.accuracy_m", "content.position.accuracy_m"),
        ("content.people[0].Jan Jansen", "content.people[0].unknown field"),
        ("content.people[0612345678]", "content.unknown field"),
        ("Jan Jansen. Markt 1.", "unknown field"),
        ("", "unknown field"),
    ],
)
def test_a_refused_field_is_kept_as_far_as_a_message_has_such_names(told: str, kept: str) -> None:
    """A room that quotes a person instead of a path puts nothing into the journal."""
    assert messages.known(told) == kept


def test_fields_have_the_names_of_the_rooms_own_records() -> None:
    """Times, location, notes and voice are called as in a record."""
    content = Content(
        place=Place(linear=Linear(road="A2", kilometre=0.0), municipality="Eijsden"),
        times=Times(available=NOON, case_created=NOON),
        notes=(Note(text="Rook", language="nl", at=NOON),),
        voice=Voice(caller_on_line=True),
        units=REPORT.units,
        classification=CLASSIFICATION,
        call_back="+31 000",
    )
    told = messages.write(message(content=content), ROOM)["content"]
    assert told["location"] == {"road": "A2", "kilometre": 0.0, "municipality": "Eijsden"}
    assert told["times"] == {"available": NOON.isoformat(), "created": NOON.isoformat()}
    assert told["notes"][0]["text"] == "Rook"
    assert told["voice"] == {"caller_on_line": True}
    assert told["units"] == []
    assert told["call_back"] == "+31 000"
