"""Special zones: areas with rules of their own, from the data or drawn by the operator."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from borderzones.checks import exact_keys, identifier, text, texts, within
from borderzones.errors import DefinitionError

MIN_WITHIN_M = 10.0
MAX_WITHIN_M = 20_000.0
_RULES = {"id", "countries"}
_DRAWN = {"kind", "name", "line", "within_m"}


@frozen
class SpecialZone:
    """An area, and the countries that everything in it concerns, however deep it lies in one.

    ``line`` is none for an area that the data has under this id. Else it holds the positions
    (degrees, EPSG:4326) of a line, or of one point, and the area is all within ``within_m``
    metres of it. ``disciplines`` are those that the rule is for; all where there are none.
    """

    special_id: str
    countries: tuple[str, ...]
    disciplines: tuple[str, ...] = ()
    kind: str = ""
    name: str = ""
    line: tuple[tuple[float, float], ...] = ()
    within_m: float = 0.0


def special_zone(entry: Any, where: str) -> SpecialZone:
    """Check one ``[[special]]``; raise `DefinitionError` naming the key and the remedy."""
    drawn = bool(set(entry) & _DRAWN) if isinstance(entry, dict) else False
    fields = exact_keys(entry, where, _RULES | (_DRAWN if drawn else set()), {"disciplines"})
    countries = texts(fields["countries"], f"{where}.countries")
    if not countries:
        raise DefinitionError(f"{where}.countries: empty. Name those that the zone concerns.")
    zone = SpecialZone(
        identifier(fields["id"], f"{where}.id"),
        countries,
        texts(fields.get("disciplines", []), f"{where}.disciplines"),
    )
    return _drawn(zone, fields, where) if drawn else zone


def _drawn(zone: SpecialZone, fields: Any, where: str) -> SpecialZone:
    return SpecialZone(
        zone.special_id,
        zone.countries,
        zone.disciplines,
        text(fields["kind"], f"{where}.kind"),
        text(fields["name"], f"{where}.name"),
        _line(fields["line"], f"{where}.line"),
        within(fields["within_m"], f"{where}.within_m", MIN_WITHIN_M, MAX_WITHIN_M, "distance"),
    )


def _line(value: Any, where: str) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list) or not value or not all(map(_is_position, value)):
        raise DefinitionError(
            f"{where}: {value!r} is no line. Write one or more [longitude, latitude] in degrees."
        )
    return tuple((float(lon), float(lat)) for lon, lat in value)


def _is_position(value: Any) -> bool:
    numbers = isinstance(value, list) and all(type(one) in (int, float) for one in value)
    return numbers and len(value) == 2 and abs(value[0]) <= 180 and abs(value[1]) <= 90
