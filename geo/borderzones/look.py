"""What a look-up answers: frozen values, without behaviour."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Answer = Literal["place", "not_a_place", "outside"]
Reason = Literal[
    "", "nan", "infinite", "null_island", "out_of_range", "radius", "swapped?", "outside"
]


@frozen
class CountryHit:
    """A country that the circle touches; ``certain`` when the whole circle lies within it."""

    country: str
    certain: bool


@frozen
class RegionHit:
    """A region near the centre; ``distance_m`` is 0 when it contains the centre.

    ``certain`` says that the whole circle lies within the region.
    """

    region_id: str
    country: str
    distance_m: float
    certain: bool


@frozen
class ZoneHit:
    """The side of a border zone that the circle touches.

    ``side`` is the country in which this strip lies; ``border_m`` is the distance in metres from
    the centre to the pair's other country, 0 when the centre is in that country too. ``certain``
    says that the whole circle lies within the strip.
    """

    zone_id: str
    pair: tuple[str, str]
    side: str
    certain: bool
    border_m: float


@frozen
class Look:
    """Everything that the zones say of one circle.

    ``answer`` is ``place``, ``not_a_place`` (with the reason) or ``outside`` (a valid coordinate
    beyond all data). ``countries`` are those that the circle touches, ``centre_countries`` those
    that contain its centre, both in alphabetical order. ``regions`` are those within reach of
    the centre, by distance; ``zones`` the strips that the circle touches, by distance to the
    other country; ``special`` the ids of the special zones that contain the centre.
    """

    answer: Answer
    reason: Reason = ""
    countries: tuple[CountryHit, ...] = ()
    centre_countries: tuple[str, ...] = ()
    regions: tuple[RegionHit, ...] = ()
    zones: tuple[ZoneHit, ...] = ()
    special: tuple[str, ...] = ()
