"""A room as the bus starts its adapter: built from its entry and its code list."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from dispatch_bus.domain.report import Classification
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.mailbox import ADAPTER
from dispatch_bus.settings.mailbox import mailbox_options
from dispatch_bus.settings.models import Bus, CodesFile, RoomEntry


@frozen
class Room:
    """One connected CAD installation: the adapter's name and what it is told."""

    adapter: str
    settings: RoomSettings


def room_of(entry: RoomEntry, lists: Mapping[str, CodesFile], bus: Bus) -> Room:
    """Build a room whose code list is among ``lists``; the bus knows the way to its mailbox."""
    codes = lists[entry.codes]
    ways = mailbox_options(bus) if entry.adapter == ADAPTER else {}
    settings = RoomSettings(
        id=entry.id,
        country=entry.country,
        epsg=entry.epsg,
        scheme=codes.scheme,
        codes={code.code: Classification(**dict(code), scheme=codes.scheme) for code in codes.code},
        in_flight=entry.in_flight,
        options={**ways, **entry.options},
    )
    return Room(entry.adapter, settings)
