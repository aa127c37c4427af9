"""Reads a room's records: its cases and its people's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, UNKNOWN_FIELD, from_json, parse, to_json
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Classification, Report
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.coordinates import to_wgs84
from dispatch_bus.sdk.plain.fields import FIELDS, get, put, refuse_strangers

_OWN = ("code", "label", "priority", "parts", "position.x", "position.y")
_KNOWN = (*(told for told, _ in FIELDS), *_OWN)
_DERIVED = (
    ("code", "classification.code"),
    ("label", "classification.label"),
    ("priority", "classification.priority"),
    ("position", "place.position"),
)


T = TypeVar("T")


def read(raw: bytes, room: RoomSettings, **more: type[T]) -> Report | Answer | T:
    """Understand one record; ``more`` are types of record beside ``case`` and ``answer``.

    Raises:
        Refused: naming the field by its path in the room's record.
    """
    record = parse(raw)
    if not isinstance(record, Mapping):
        raise Refused("record", record, "Send a JSON object.")
    data = {name: value for name, value in record.items() if name != "type"}
    match record.get("type"):
        case "case":
            return _report(data, room)
        case "answer":
            return from_json(data, Answer)
        case str(other) if other in more:
            return from_json(data, more[other])
        case other:
            known = ", ".join(("case", "answer", *more))
            raise Refused("type", other, f"Send one of: {known}.")


def _report(data: JSON, room: RoomSettings) -> Report:
    refuse_strangers(data, _KNOWN)
    disciplines = _disciplines(data)
    bus: JSON = {"classification": _classification(data, room), "times": {}}
    for told, ours in FIELDS:
        value = get(data, told)
        if value is not None:
            put(bus, ours, value)
    bus["parts"] = [{"discipline": each, "centre": data["parts"][each]} for each in disciplines]
    _put_position(bus, data, room)
    try:
        return from_json(bus, Report)
    except Refused as error:
        raise _in_the_rooms_terms(error, disciplines) from None


def _disciplines(data: Mapping[str, Any]) -> list[str]:
    parts = data.get("parts")
    if not isinstance(parts, Mapping):
        raise Refused("parts", parts, "Send an object: discipline to the id of its centre.")
    known = [str(each) for each in Discipline]
    for name in parts:
        if name not in known:
            field = f"parts.{UNKNOWN_FIELD}"
            raise Refused(field, name, f"Name one of: {', '.join(known)}.")
    return list(parts)


def _classification(data: Mapping[str, Any], room: RoomSettings) -> JSON:
    code = data.get("code")
    if not isinstance(code, str):
        raise Refused("code", code, "Send the case's code as a string.")
    means = room.codes.get(code) or _unmapped(code, room)
    told = {name: data[name] for name in ("label", "priority") if data.get(name) is not None}
    return {**to_json(means), **told, "code": code, "scheme": room.scheme}


def _unmapped(code: str, room: RoomSettings) -> Classification:
    # Shown as it came, and taken seriously until a person has looked.
    return Classification(
        category=Category.UNMAPPED,
        priority=Priority.URGENT,
        code=code,
        label=code,
        scheme=room.scheme,
    )


def _put_position(bus: JSON, data: JSON, room: RoomSettings) -> None:
    if data.get("position") is None:
        return
    x, y = (_coordinate(data, axis) for axis in ("position.x", "position.y"))
    lon, lat = to_wgs84(x, y, room.epsg)
    put(bus, "place.position.lon", float(lon))
    put(bus, "place.position.lat", float(lat))


def _coordinate(data: JSON, path: str) -> float:
    value = get(data, path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(path, value, "Send a number, or no position.")
    try:
        return float(value)
    except OverflowError:
        raise Refused(path, value, "Send a number within reason, or no position.") from None


def _in_the_rooms_terms(error: Refused, disciplines: Iterable[str]) -> Refused:
    parts = ((f"parts.{name}", f"parts[{at}].centre") for at, name in enumerate(disciplines))
    # The longest first: a field of its own goes before the object that it stands in.
    table = sorted((*FIELDS, *_DERIVED, *parts), key=lambda pair: -len(pair[1]))
    for told, ours in table:
        rest = error.field.removeprefix(ours)
        if error.field == ours or (rest != error.field and rest[0] in ".["):
            return Refused(f"{told}{rest}", error.value, error.remedy)
    return error
