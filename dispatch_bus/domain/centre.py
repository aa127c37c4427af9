"""Centres: who takes calls and sends help, for which disciplines and areas."""

from __future__ import annotations

from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from attrs import field, frozen

from dispatch_bus.domain.codes import Discipline, Mode

EARTH_MEAN_RADIUS_M = 6_371_008.8


class SecondChannel(StrEnum):
    """The way to a centre when its room does not take a notice."""

    CONSOLE = "console"
    TELEPHONE = "telephone"


@frozen(kw_only=True)
class Desk:
    """A work place in a centre. A part never travels to a desk of another discipline."""

    name: str
    disciplines: tuple[Discipline, ...]


@frozen(kw_only=True)
class Centre:
    """A control room organisation with its catchment.

    ``lon``/``lat`` are WGS 84 degrees (EPSG:4326); ``catchment`` lists area ids; ``languages``
    are BCP 47 tags, the first is its own; ``room`` is the CAD installation it works on, or none
    where it is reached by its second channel alone; ``modes`` are those its screens can mark.
    """

    id: str
    name: str
    country: str
    lon: float
    lat: float
    disciplines: frozenset[Discipline]
    catchment: frozenset[str]
    phone: str
    languages: tuple[str, ...]
    second_channel: SecondChannel
    desks: tuple[Desk, ...] = ()
    room: str | None = None
    modes: frozenset[Mode] = field(default=frozenset(Mode))

    def distance_m(self, lon: float, lat: float) -> float:
        """Great-circle distance from a WGS 84 point to the control room, in metres.

        The mean earth radius errs by 0.6 % at most, and only ties are broken by it.
        """
        half_lat = radians(lat - self.lat) / 2
        half_lon = radians(lon - self.lon) / 2
        chord = sin(half_lat) ** 2
        chord += cos(radians(lat)) * cos(radians(self.lat)) * sin(half_lon) ** 2
        return 2 * EARTH_MEAN_RADIUS_M * asin(sqrt(chord))
