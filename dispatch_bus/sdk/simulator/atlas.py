"""Sorts the sites by what they are to one room, and draws from them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from math import cos, radians
from random import Random

from attrs import frozen

from dispatch_bus.domain.codes import Discipline
from dispatch_bus.sdk.simulator.sites import Site, SiteKind
from dispatch_bus.sdk.simulator.spec import RoomCentre

NEAR_KM, ACROSS_KM, FAR_KM = 20.0, 10.0, 20.0
_METRES_PER_DEGREE = 111_200.0
_ORDINARY = (SiteKind.PLACE, SiteKind.POSTCODE, SiteKind.CROSSING)


class Where(StrEnum):
    """Where a case is, as seen from its room."""

    OWN = "own"
    ACROSS = "across"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"
    INLAND = "inland"
    ODDITY = "oddity"


_SHARES = {
    Where.OWN: 60,
    Where.ACROSS: 10,
    Where.UNCERTAIN: 10,
    Where.UNKNOWN: 5,
    Where.INLAND: 10,
    Where.ODDITY: 5,
}


@frozen
class Atlas:
    """The sites of one room's scenario."""

    own: tuple[Site, ...]
    across: tuple[Site, ...]
    inland: tuple[Site, ...]
    oddities: tuple[Site, ...]

    def draw(self, chance: Random) -> tuple[Where, Site]:
        """Draw where a case is, and its site."""
        (where,) = chance.choices(list(_SHARES), list(_SHARES.values()))
        choice = {
            Where.ACROSS: self.across,
            Where.UNCERTAIN: self.own + self.across,
            Where.INLAND: self.inland,
            Where.ODDITY: self.oddities,
        }.get(where, self.own)
        return (where, chance.choice(choice)) if choice else (Where.OWN, chance.choice(self.own))


def atlas(sites: Iterable[Site], country: str) -> Atlas:
    """Sort the sites by what they are to a room of ``country``."""
    all_sites = list(sites)
    ordinary = [site for site in all_sites if site.kind in _ORDINARY]
    at_home = [site for site in ordinary if site.country == country]
    abroad = [s for s in ordinary if s.country != country and country in s.pair.split("-")]
    odd = (s for s in all_sites if s.country == country and s.kind not in _ORDINARY)
    return Atlas(
        own=tuple(site for site in at_home if site.border_km <= NEAR_KM),
        across=tuple(site for site in abroad if site.border_km <= ACROSS_KM),
        inland=tuple(site for site in at_home if site.border_km > FAR_KM),
        oddities=tuple(odd),
    )


def owner(centres: Iterable[RoomCentre], discipline: Discipline, site: Site) -> str | None:
    """Return the centre that the site's area belongs to, else the nearest of the discipline."""
    able = [centre for centre in centres if discipline in centre.disciplines]
    entitled = [centre for centre in able if site.area in centre.catchment]
    chosen = min(entitled or able, key=lambda it: (_apart(it, site), it.id), default=None)
    return chosen.id if chosen else None


def displaced(site: Site, metres: float, chance: Random) -> tuple[float, float]:
    """Return longitude and latitude up to ``metres`` to either side of the site."""
    north, east = chance.uniform(-metres, metres), chance.uniform(-metres, metres)
    lat = site.lat + north / _METRES_PER_DEGREE
    return site.lon + east / (_METRES_PER_DEGREE * cos(radians(site.lat))), lat


def _apart(centre: RoomCentre, site: Site) -> float:
    return (0.63 * (centre.lon - site.lon)) ** 2 + (centre.lat - site.lat) ** 2
