"""A plain record becomes a report or an answer, or is refused in the room's own terms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rooms.samples import CLASSIFICATION, NOON

from dispatch_bus.domain.codes import Category, Discipline, Mode, PositionSource, Priority
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.notice import Answer, AnswerKind
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.plain import records

ROOM = RoomSettings(id="NL", country="NL", epsg=28992, scheme="NL", codes={"B2": CLASSIFICATION})
FULL: dict[str, Any] = {
    "type": "case",
    "number": "2026-1",
    "revision": 4,
    "status": "open",
    "mode": "exercise",
    "code": "B2",
    "label": "Brand in woning, groot",
    "priority": 2,
    "parts": {"fire": "NL-MK-LIM", "police": "NL-MK-LIM"},
    "position": {"x": 176325.2, "y": 317840.1, "accuracy_m": 25, "source": "device"},
    "location": {"road": "A2", "direction": "L", "kilometre": 12.3, "municipality": "Maastricht"},
    "times": {
        "available": "2026-03-01T13:00:00+01:00",
        "created": "2026-03-01T12:59:00+01:00",
        "event": "2026-03-01T12:50:00+01:00",
    },
    "hazards": ["UN 1203"],
    "units": [{"call_sign": "24-1", "kind": "fire engine", "status": "on the way"}],
    "voice": {"caller_on_line": True},
    "address": {"street": "Markt", "house_number": "1", "city": "Maastricht"},
    "notes": [{"text": "Rook", "language": "nl", "at": "2026-03-01T12:59:30+01:00"}],
    "people": [{"role": "caller", "phone": "+31 000 000 000"}],
    "vehicles": [{"plate": "SIM 123", "country": "NL"}],
    "call_back": "+31 000 000 000",
    "returns": "00000000-0000-0000-0000-000000000001",
}
LEAST = {name: FULL[name] for name in ("type", "number", "code", "parts", "times")}


def _read(told: object) -> Report:
    report = records.read(json.dumps(told).encode(), ROOM)
    assert isinstance(report, Report)
    return report


def _refusal(told: object) -> Refused:
    with pytest.raises(Refused) as refusal:
        records.read(json.dumps(told).encode(), ROOM)
    return refusal.value


def _outcome(told: object) -> object:
    try:
        return records.read(json.dumps(told).encode(), ROOM)
    except Refused as refusal:
        return refusal


def test_every_field_has_its_place() -> None:
    """What the room says stands in the report, in the bus's terms."""
    report = _read(FULL)
    assert (report.number, report.revision, report.mode) == ("2026-1", 4, Mode.EXERCISE)
    assert [part.discipline for part in report.parts] == [Discipline.FIRE, Discipline.POLICE]
    assert report.place.linear is not None
    assert (report.place.linear.road, report.place.linear.kilometre) == ("A2", 12.3)
    assert report.place.municipality == "Maastricht"
    assert report.times.available == NOON
    assert report.hazards == ("UN 1203",)
    assert report.units[0].call_sign == "24-1"
    assert report.voice.caller_on_line
    assert report.personal.address is not None
    assert report.personal.address.street == "Markt"
    assert report.personal.notes[0].text == "Rook"
    assert report.personal.people[0].role == "caller"
    assert report.personal.vehicles[0].plate == "SIM 123"
    assert report.personal.call_back == "+31 000 000 000"
    assert report.returns == "00000000-0000-0000-0000-000000000001"


def test_a_position_is_converted_from_the_rooms_system() -> None:
    """Metres east and north become degrees, and keep accuracy and source."""
    position = _read(FULL).place.position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((5.69, 50.85), abs=1e-5)
    assert (position.radius_m, position.source) == (25.0, PositionSource.DEVICE)


def test_what_a_room_does_not_know_may_be_missing() -> None:
    """Number, code, parts and times make a report; null counts as missing."""
    report = _read({**LEAST, "position": None, "revision": None, "location": {"road": None}})
    assert report == _read(LEAST)
    assert report.place.position is None
    assert report.revision is None


def test_a_code_means_what_the_list_says() -> None:
    """Category and priority come from the list, and so does a label that the room left out."""
    told = _read(LEAST).classification
    assert told == CLASSIFICATION


def test_the_rooms_own_label_and_priority_go_before_the_list() -> None:
    """What the room says of this one case is kept."""
    told = _read(FULL).classification
    assert (told.label, told.priority) == ("Brand in woning, groot", Priority.URGENT)
    assert told.category is Category.FIRE


def test_an_unmapped_code_is_kept_as_it_came() -> None:
    """It is urgent until a person has looked, unless the room says how urgent it is."""
    told = _read({**LEAST, "code": "Q9", "label": "Nieuw"}).classification
    assert (told.category, told.priority) == (Category.UNMAPPED, Priority.URGENT)
    assert (told.code, told.label, told.scheme) == ("Q9", "Nieuw", "NL")
    assert _read({**LEAST, "code": "Q9", "priority": 4}).classification.priority is Priority.PLANNED


WRONG = [
    ("type", None),
    ("type", "dossier"),
    ("number", None),
    ("number", 7),
    ("number", "a\x00b"),
    ("revision", "three"),
    ("revision", -1),
    ("status", "half open"),
    ("mode", "drill"),
    ("code", None),
    ("code", 12),
    ("label", ""),
    ("label", "half \ud83d"),
    ("priority", 0),
    ("priority", 9),
    ("parts", None),
    ("parts", ["fire"]),
    ("parts", {}),
    ("parts.unknown field", {"mountain": "X"}),
    ("parts.police", {"fire": "NL-MK-LIM", "police": 3}),
    ("position", [1, 2]),
    ("position", {"x": 1e9, "y": 1e9}),
    ("position", {"x": 5.69, "y": 50.85}),
    ("position.y", {"x": 176325.2}),
    ("position.x", {"x": "176325", "y": 317840.1}),
    ("position.x", {"x": True, "y": 317840.1}),
    ("position.x", {"x": 10**400, "y": 317840.1}),
    ("position.accuracy_m", {"x": 176325.2, "y": 317840.1, "accuracy_m": -1}),
    ("position.source", {"x": 176325.2, "y": 317840.1, "source": "stars"}),
    ("position.unknown field", {"x": 176325.2, "y": 317840.1, "z": 3}),
    ("location", "A2"),
    ("location.kilometre", {"kilometre": "twelve"}),
    ("location.unknown field", {"lane": 2}),
    ("times", "noon"),
    ("times.available", {}),
    ("times.created", {"available": "2026-03-01T13:00:00Z", "created": "2026-03-01T13:00:00"}),
    ("units[0].call_sign", [{"kind": "x", "status": "y"}]),
    ("notes[0].text", [{"text": "x" * 100_001, "language": "nl", "at": "2026-03-01T13:00:00Z"}]),
    ("hazards", "UN 1203"),
    ("address.street", {"street": 5}),
    ("people[1].role", [{"role": "caller"}, {"role": ""}]),
    ("units[0].unknown field", [{"call_sign": "1", "kind": "x", "status": "y", "crew": 4}]),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_misfit_is_named_by_the_rooms_own_path(field: str, value: object) -> None:
    """The refusal names the field as the room wrote it, and what to do."""
    top = field.partition(".")[0].partition("[")[0]
    refusal = _refusal({**FULL, top: value})
    assert refusal.field == field
    assert refusal.remedy


@pytest.mark.parametrize(
    "told",
    [
        {**FULL, "Jan Jansen": 1},
        {**FULL, "parts": {"Jan Jansen": "X"}},
        {**FULL, "address": {"Jan Jansen": "X"}},
        {**FULL, "people": [{"role": "caller", "Jan Jansen": "X"}]},
    ],
)
def test_a_name_that_is_not_known_is_no_part_of_the_path(told: object) -> None:
    """The path and the remedy are kept in the clear, and a name may be a person's."""
    refusal = _refusal(told)
    assert refusal.field.endswith("unknown field")
    assert "Jan" not in refusal.field + refusal.remedy
    assert "Jan Jansen" in str(refusal.value)


def test_a_coordinate_in_another_system_is_recognised() -> None:
    """Degrees where metres are due are called what they are."""
    refusal = _refusal({**FULL, "position": {"x": 5.69, "y": 50.85}})
    assert "EPSG:28992" in str(refusal)
    assert "This looks like EPSG:4326" in str(refusal)


def test_a_coordinate_that_is_no_number_is_no_json() -> None:
    """NaN is outside JSON, whatever parsers make of it."""
    told = _refusal({**FULL, "position": {"x": float("nan"), "y": 0.0}})
    assert "NaN" in told.remedy


@pytest.mark.parametrize("told", [[], "case", 3, None, [FULL]])
def test_a_record_that_is_no_object_is_refused(told: object) -> None:
    """JSON of another shape is no record."""
    assert _refusal(told).field == "record"


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(raw: bytes) -> None:
    """No bytes bring the reader to anything but a value or a refusal."""
    with pytest.raises(Refused):
        records.read(raw, ROOM)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([name for name in FULL if name != "type"]), ANY_JSON)
def test_any_value_in_any_field_is_understood_or_refused(name: str, value: object) -> None:
    """A field of any shape brings the reader to nothing but a report or a refusal."""
    assert isinstance(_outcome({**FULL, name: value}), Report | Refused)


ANSWER = {
    "type": "answer",
    "id": "a-1",
    "notice": "00000000-0000-0000-0000-000000000001",
    "kind": "accept",
    "by": "NL-MK-LIM, desk 3",
    "at": "2026-03-01T12:00:00Z",
    "case_number": "2026-77",
}


def test_an_answer_is_read() -> None:
    """An answer keeps who gave it, when, and the room's own case number."""
    answer = records.read(json.dumps(ANSWER).encode(), ROOM)
    assert isinstance(answer, Answer)
    assert (answer.kind, answer.case_number, answer.at) == (AnswerKind.ACCEPT, "2026-77", NOON)


@pytest.mark.parametrize(
    ("field", "value"), [("notice", "n-1"), ("kind", "perhaps"), ("at", 5), ("cause", "mood")]
)
def test_a_misfit_in_an_answer_is_named(field: str, value: object) -> None:
    """The refusal names the answer's field."""
    assert _refusal({**ANSWER, field: value}).field == field
