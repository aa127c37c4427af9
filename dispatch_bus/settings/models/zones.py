"""``zones.toml``: border zones and special zones, as far as the configuration has to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, Field, PlainValidator, model_validator

from dispatch_bus.domain.codes import Discipline
from dispatch_bus.settings.models.fields import Country, Pair, Table, Text

_LEAST_M, _MOST_M = 100, 50_000


def _no_slash(value: str) -> str:
    if "/" in value:
        raise ValueError("Write the id without a slash.")
    return value


def _depth(value: Any) -> float | dict[str, float]:
    sides = list(value.values()) if isinstance(value, Mapping) else [value]
    fits = all(type(one) in (int, float) for one in sides) and any(sides)
    if not fits or not all(_LEAST_M <= one <= _MOST_M or one == 0 for one in sides):
        raise ValueError(
            f"Write {_LEAST_M} to {_MOST_M} metres; or for each side, as "
            "{ NL = 15000, BE = 0 }, where one may be 0."
        )
    return dict(value) if isinstance(value, Mapping) else float(value)


ZoneId = Annotated[Text, AfterValidator(_no_slash)]


class ZoneEntry(Table):
    """One zone: strips on both sides of the border of ``pair``, with their depth in metres.

    ``disciplines`` are those that it is for; all where there are none.
    """

    id: ZoneId
    pair: Pair
    depth_m: Annotated[float | dict[str, float], PlainValidator(_depth)]
    disciplines: tuple[Discipline, ...] = ()

    @property
    def depths(self) -> dict[str, float]:
        """The depth on each side, in metres."""
        if isinstance(self.depth_m, dict):
            return self.depth_m
        return dict.fromkeys(self.pair, self.depth_m)

    @model_validator(mode="after")
    def _sides_of_pair(self) -> Self:
        if set(self.depths) != set(self.pair):
            raise ValueError("Give depth_m for both countries of the pair, and for no other.")
        return self


class SpecialEntry(Table):
    """A rule for a special zone: whom it concerns, and where it is unless the data has it."""

    id: ZoneId
    countries: Annotated[tuple[Country, ...], Field(min_length=1)]
    disciplines: tuple[Discipline, ...] = ()
    kind: Text | None = None
    name: Text | None = None
    line: tuple[tuple[float, float], ...] | None = None
    within_m: float | None = None


class ZonesFile(Table):
    """All of ``zones.toml``; ``label`` names the edition."""

    label: Text
    valid_from: AwareDatetime | None = None
    zone: Annotated[tuple[ZoneEntry, ...], Field(min_length=1)]
    special: tuple[SpecialEntry, ...] = ()
