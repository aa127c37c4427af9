"""Writes the bus's messages in the room's own terms."""

from __future__ import annotations

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, to_json
from dispatch_bus.domain.message import Message
from dispatch_bus.domain.place import Position
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.coordinates import WGS84, from_wgs84
from dispatch_bus_plain.fields import FIELDS, get, put

# A centimetre, in metres and in degrees.
_DECIMALS_M, _DECIMALS_DEG = 2, 7


def write(message: Message, room: RoomSettings) -> JSON:
    """Return ``message`` as the room's interface takes it; what is none is left out."""
    told = {name: value for name, value in to_json(message).items() if value is not None}
    return {**told, "content": _content(message, told["content"], room)}


def _content(message: Message, content: JSON, room: RoomSettings) -> JSON:
    told: JSON = dict(content.get("classification") or {})
    place = message.content.place
    if place and place.position:
        told["position"] = _coordinates(place.position, room)
    for theirs, ours in FIELDS:
        value = get(content, ours.removeprefix("personal."))
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
