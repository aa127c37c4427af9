"""Bad input is refused by the path of its field, whatever it is."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making.values import NOON, personal, report
from making.world import IN_ZONE

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import from_json, parse, to_json
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Report

WHOLE = to_json(report(at=IN_ZONE, revision=1, personal=personal()))


def refusal(path: str, value: Any, kind: type = Report, whole: dict[str, Any] = WHOLE) -> Refused:
    """Put a value into a good record and return how it is refused."""
    record: Any = copy.deepcopy(whole)
    place = record
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    place[last] = value
    with pytest.raises(Refused) as caught:
        from_json(record, kind)
    return caught.value


def test_a_report_survives_the_way_to_json_and_back() -> None:
    """Nothing is lost or changed on the way."""
    whole = report(at=IN_ZONE, revision=4, personal=personal())
    assert from_json(to_json(whole), Report) == whole


@pytest.mark.parametrize(
    ("path", "value", "field", "remedy"),
    [
        ("number", 7, "number", "Send a string."),
        ("number", None, "number", "Send a string."),
        ("number", " ", "number", "visible character"),
        ("number", "a\x00b", "number", "NUL"),
        ("number", "\ud800", "number", "surrogate"),
        ("number", "9" * 101, "number", "Shorten it to 100"),
        ("revision", -1, "revision", "from 0"),
        ("revision", 1.0, "revision", "whole number"),
        ("revision", True, "revision", "whole number"),
        ("revision", 2**31, "revision", "from 0"),
        ("parts", [], "parts", "at least one"),
        ("parts", "fire", "parts", "Send a list."),
        ("parts", {"fire": "NL-1"}, "parts", "Send a list."),
        ("parts.0.discipline", "navy", "parts[0].discipline", "police, fire"),
        ("parts.0.centre", "\x00", "parts[0].centre", "NUL"),
        ("parts.0.desk", 1, "parts[0].unknown field", "Leave it out"),
        ("hazards", "gas", "hazards", "Send a list."),
        ("hazards", None, "hazards", "Send a list."),
        ("hazards", ["gas", 1], "hazards[1]", "Send a string."),
        ("hazards", [""], "hazards", "visible character"),
        ("classification", [], "classification", "Send an object"),
        ("classification", None, "classification", "Send an object"),
        ("classification.priority", True, "classification.priority", "1, 2, 3, 4"),
        ("classification.priority", 1.0, "classification.priority", "1, 2, 3, 4"),
        ("classification.priority", "1", "classification.priority", "1, 2, 3, 4"),
        ("classification.category", [], "classification.category", "traffic"),
        ("times.available", 5, "times.available", "RFC 3339"),
        ("times.available", "yesterday", "times.available", "RFC 3339"),
        ("times.available", "2026-03-02", "times.available", "UTC offset"),
        ("times.event", "2026-03-02T10:00:00", "times.event", "UTC offset"),
        ("times.available", "0001-01-01T00:00:00+10:00", "times.available", "this century"),
        ("times.available", "9999-12-31T23:59:00-10:00", "times.available", "this century"),
        ("place.position.lon", 181, "place.position.lon", "-180 to 180"),
        ("place.position.lat", -90.1, "place.position.lat", "-90 to 90"),
        ("place.position.lon", float("nan"), "place.position.lon", "-180 to 180"),
        ("place.position.lon", "5.7", "place.position.lon", "Send a number."),
        ("place.position.lon", True, "place.position.lon", "Send a number."),
        ("place.position.lon", 10**400, "place.position.lon", "within reason"),
        ("place.position.radius_m", -1, "place.position.radius_m", "metres"),
        ("place.position.altitude", 3, "place.position.unknown field", "Leave it out"),
        ("place.linear.kilometre", float("inf"), "place.linear.kilometre", "kilometres"),
        ("mode", "real", "mode", "actual, exercise, test"),
        ("status", None, "status", "open, closed"),
        ("voice.caller_on_line", 1, "voice.caller_on_line", "true or false"),
        ("returns", "", "returns", "visible character"),
        ("personal.notes.0.text", "x" * 100_001, "personal.notes[0].text", "100,000"),
        ("personal.notes.0.at", "noon", "personal.notes[0].at", "RFC 3339"),
        ("personal.people.0.name", "\udfff", "personal.people[0].name", "surrogate"),
        ("personal.people", "Ann", "personal.people", "Send a list."),
        ("personal.call_back", 112, "personal.call_back", "Send a string."),
    ],
)
def test_a_misfit_is_named_by_its_path_with_a_remedy(
    path: str, value: Any, field: str, remedy: str
) -> None:
    """Each wrong value is refused at its own place and says what to send."""
    refused = refusal(path, value)
    assert refused.field == field
    assert remedy in refused.remedy


@pytest.mark.parametrize("field", ["number", "parts", "classification", "times"])
def test_a_missing_field_is_named(field: str) -> None:
    """What has to be there is asked for by name."""
    record = {name: value for name, value in WHOLE.items() if name != field}
    with pytest.raises(Refused, match=f"{field}: None is refused. This field is required"):
        from_json(record, Report)


def test_a_discipline_that_comes_twice_is_refused() -> None:
    """A part has one owner, so it is named once."""
    refused = refusal("parts", WHOLE["parts"] * 2)
    assert "Name each discipline once" in refused.remedy


def test_the_name_of_an_unknown_field_is_no_part_of_the_path() -> None:
    """Whatever a sender calls a field is shown as a value, which is kept nowhere."""
    name = "x\x00\ud800" + "y" * 5_000
    refused = refusal(name, 1)
    assert (refused.field, refused.value) == ("unknown field", name)


@pytest.mark.parametrize("secret", ["Jan Jansen", "yesterday at Ann's"])
def test_a_remedy_never_repeats_the_value(secret: str) -> None:
    """The remedy is kept in the clear, and a field may hold what belongs in another."""
    assert secret not in refusal("personal.notes.0.at", secret).remedy


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", ""),
        ("id", "x" * 201),
        ("by", "\ud800"),
        ("by", "a\x00"),
        ("case_number", "x" * 101),
        ("centre", 5),
        ("at", "2026-03-02T10:00:00"),
        ("notice", "not-a-uuid"),
        ("kind", "maybe"),
        ("cause", "mood"),
    ],
)
def test_an_answer_is_checked_like_a_report(path: str, value: Any) -> None:
    """An answer that no database could take is refused at the edge."""
    good = {
        "id": "A-1",
        "notice": "00000000-0000-0000-0000-000000000001",
        "kind": "accept",
        "by": "ann",
        "at": NOON.isoformat(),
    }
    assert refusal(path, value, Answer, good).field == path


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"1" * 5_000, b"{'a': 1}"],
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    """Neither broken text nor what only Python takes for JSON passes."""
    with pytest.raises(Refused, match="Send JSON"):
        parse(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(WHOLE)), JSON)
def test_anything_in_any_field_is_understood_or_refused(field: str, value: Any) -> None:
    """No JSON value raises anything but a refusal."""
    with suppress(Refused):
        from_json(WHOLE | {field: value}, Report)


@given(JSON)
def test_anything_as_a_record_is_understood_or_refused(value: Any) -> None:
    """A record that is no object at all is refused as well."""
    with pytest.raises(Refused):
        from_json(value, Report)
