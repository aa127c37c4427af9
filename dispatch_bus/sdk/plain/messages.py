"""Writes the bus's messages in the room's own terms."""

from __future__ import annotations

import re
from itertools import takewhile

import attrs

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, UNKNOWN_FIELD, to_json
from dispatch_bus.domain.message import Message
from dispatch_bus.domain.place import Address, Position
from dispatch_bus.domain.report import Classification, Note, Person, Unit, Vehicle, Voice
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.coordinates import WGS84, from_wgs84
from dispatch_bus.sdk.plain.fields import FIELDS, get, put

# A centimetre, in metres and in degrees.
_DECIMALS_M, _DECIMALS_DEG = 2, 7
_KINDS = (Message, Classification, Address, Note, Person, Unit, Vehicle, Voice)
_NAMES = frozenset(
    {name for kind in _KINDS for name in attrs.fields_dict(kind)}
    | {step for told, _ in FIELDS for step in told.split(".")}
    | {"message", "position", "x", "y", "epsg"}
)
# The room's name, and where it stands in a message.
_TOLD = tuple((told, ours.removeprefix("personal.")) for told, ours in FIELDS)
_INDEX = re.compile(r"(\[\d{1,4}\])?$")


def write(message: Message, room: RoomSettings) -> JSON:
    """Return ``message`` as the room's interface takes it; what is none is left out."""
    told = {name: value for name, value in to_json(message).items() if value is not None}
    return {**told, "content": _content(message, told["content"], room)}


def known(field: str) -> str:
    """Return the path that a room names in its refusal as far as a message has such names.

    A refusal's field is kept in the clear, and a room may have put anything there.
    """
    steps = field.split(".")
    told = list(takewhile(lambda step: _INDEX.sub("", step) in _NAMES, steps))
    return field if told == steps else ".".join([*told, UNKNOWN_FIELD])


def _content(message: Message, content: JSON, room: RoomSettings) -> JSON:
    told: JSON = dict(content.get("classification") or {})
    place = message.content.place
    if place and place.position:
        told["position"] = _coordinates(place.position, room)
    for theirs, ours in _TOLD:
        value = get(content, ours)
        if value is not None:
            put(told, theirs, value)
    return told


def _coordinates(position: Position, room: RoomSettings) -> JSON:
    """Give the room its own system where that serves the place, else longitude and latitude."""
    try:
        x, y = from_wgs84(position.lon, position.lat, room.epsg)
        epsg = room.epsg
    except Refused:
        x, y = from_wgs84(position.lon, position.lat, WGS84)
        epsg = WGS84
    decimals = _DECIMALS_DEG if epsg == WGS84 else _DECIMALS_M
    return {"x": round(float(x), decimals), "y": round(float(y), decimals), "epsg": epsg}
