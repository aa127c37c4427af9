"""What the bus needs to know of geography, and the protocol of whoever knows it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from dispatch_bus.domain.place import Position


class Answer(StrEnum):
    """What kind of answer a position got."""

    PLACE = "place"
    NOT_A_PLACE = "not_a_place"
    OUTSIDE = "outside"


@frozen
class CountryHit:
    """A country the circle lies in; ``certain`` when no part of the circle is elsewhere."""

    country: str
    certain: bool


@frozen
class AreaHit:
    """A catchment area near the circle; ``distance_m`` from its centre, 0 when inside."""

    area: str
    country: str
    distance_m: float


@frozen
class ZoneHit:
    """A border zone that the circle touches; ``border_m`` is metres to the other country."""

    zone: str
    side: str
    certain: bool
    border_m: float


@frozen
class SpecialHit:
    """A special zone that contains the circle's centre, and whom its rule concerns.

    ``disciplines`` are those that the rule is for; all where there are none.
    """

    zone: str
    countries: frozenset[str]
    disciplines: frozenset[str] = frozenset()

    def concerns(self, home: str, neighbour: str, discipline: str) -> bool:
        """Tell whether what is here in ``home`` is for ``neighbour`` to know, by its rule."""
        fits = not self.disciplines or discipline in self.disciplines
        return fits and {home, neighbour} <= self.countries


@frozen(kw_only=True)
class Locality:
    """Everything geography says of one circle; ``areas`` are sorted by distance."""

    answer: Answer
    version: str
    reason: str = ""
    countries: tuple[CountryHit, ...] = ()
    centre_countries: tuple[str, ...] = ()
    areas: tuple[AreaHit, ...] = ()
    zones: tuple[ZoneHit, ...] = ()
    special: tuple[SpecialHit, ...] = ()

    def may_be_in(self, country: str) -> bool:
        """Tell whether some part of the circle lies in ``country``."""
        return any(hit.country == country for hit in self.countries)

    def surely_in(self, country: str) -> bool:
        """Tell whether the whole circle lies in ``country``."""
        return any(hit.country == country and hit.certain for hit in self.countries)


class Geography(Protocol):
    """Looks up circles in batches; safe to call from several threads."""

    @property
    def version(self) -> str:
        """The version of the zones that answers come from."""

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Answer each position in order; one that is missing gets ``NOT_A_PLACE``."""

    def renew(self) -> None:
        """Take note of editions that were published since; each is used from its moment on."""
