"""Where something is: a position with its accuracy, and what people call the spot."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import optional

from dispatch_bus.domain.checks import between, characters
from dispatch_bus.domain.codes import PositionSource

MAX_RADIUS_M = 50_000.0


@frozen(kw_only=True)
class Position:
    """A point with its accuracy: WGS 84 degrees (EPSG:4326), radius in metres."""

    lon: float = field(validator=between(-180, 180, "degrees of longitude (EPSG:4326)"))
    lat: float = field(validator=between(-90, 90, "degrees of latitude (EPSG:4326)"))
    radius_m: float = field(default=0.0, validator=between(0, MAX_RADIUS_M, "metres"))
    source: PositionSource = PositionSource.UNKNOWN


@frozen(kw_only=True)
class Linear:
    """A spot on a line: road, railway, river or tunnel, as crews say it on the radio."""

    road: str | None = field(default=None, validator=optional(characters()))
    direction: str | None = field(default=None, validator=optional(characters()))
    kilometre: float | None = field(
        default=None, validator=optional(between(0, 10_000, "kilometres"))
    )
    rail_line: str | None = field(default=None, validator=optional(characters()))
    river_bank: str | None = field(default=None, validator=optional(characters()))
    tunnel_tube: str | None = field(default=None, validator=optional(characters()))


@frozen(kw_only=True)
class Place:
    """Where an incident is, as far as the room knows; either part may be missing."""

    position: Position | None = None
    linear: Linear | None = None
    municipality: str | None = field(default=None, validator=optional(characters()))
    country: str | None = field(default=None, validator=optional(characters(2)))


@frozen(kw_only=True)
class Address:
    """A street address. It can point at a person, so it travels and is stored as personal."""

    street: str | None = field(default=None, validator=optional(characters()))
    house_number: str | None = field(default=None, validator=optional(characters(40)))
    postcode: str | None = field(default=None, validator=optional(characters(20)))
    city: str | None = field(default=None, validator=optional(characters()))
    object_name: str | None = field(default=None, validator=optional(characters()))
