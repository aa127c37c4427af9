"""Makes the special zones: areas of the data or drawn by the operator, with the rules of each."""

from __future__ import annotations

import numpy as np
import shapely

from borderzones import plane
from borderzones.build_sources import Geodata
from borderzones.build_strips import edges_of, grown, rounded
from borderzones.errors import DefinitionError
from borderzones.special import SpecialZone
from borderzones.zonefile import Areas

# Whether a drawn line lies in the data is asked in degrees: nobody means an area farther away.
_NEAR_DEG = 0.2


def special_areas(data: Geodata, rules: tuple[SpecialZone, ...]) -> Areas:
    """Return all special zones by id, with the rules that ``zones.toml`` has for them.

    Raises `DefinitionError` for an id that the data does not have and that is not drawn, for one
    that it has and that is drawn again, and for unknown countries and lines beside the data.
    """
    given = dict(zip(data.special.column("special_id"), data.special.polygons, strict=True))
    rows = {row["special_id"]: {**row, "disciplines": ""} for row in data.special.rows}
    for rule in rules:
        _known(data, rule)
        if rule.line:
            given[rule.special_id] = _drawn(data, rule)
        rows[rule.special_id] = {**rows.get(rule.special_id, {}), **_row(rule)}
    ids = sorted(rows)
    return Areas(tuple(rows[one] for one in ids), np.array([given[one] for one in ids]))


def _row(rule: SpecialZone) -> dict[str, str]:
    row = {
        "special_id": rule.special_id,
        "countries": ",".join(rule.countries),
        "disciplines": ",".join(rule.disciplines),
    }
    return {**row, "kind": rule.kind, "name": rule.name} if rule.line else row


def _known(data: Geodata, rule: SpecialZone) -> None:
    where, known = f"special {rule.special_id}", data.countries.column("country")
    if unknown := set(rule.countries) - set(known):
        raise DefinitionError(
            f"{where}: countries names {min(unknown)!r}, which is not one of {', '.join(known)}."
        )
    if rule.special_id in data.regions.column("region_id"):
        raise DefinitionError(f"{where}: a region has this id. Choose another id.")
    has = rule.special_id in data.special.column("special_id")
    if rule.line and has:
        raise DefinitionError(f"{where}: the data has an area of this id. Choose another id.")
    if not rule.line and not has:
        raise DefinitionError(
            f"{where}: the data has no area of this id. Draw it with kind, name, line and "
            "within_m, or correct the id."
        )


def _drawn(data: Geodata, rule: SpecialZone) -> shapely.MultiPolygon:
    shape = shapely.LineString(rule.line) if len(rule.line) > 1 else shapely.Point(*rule.line)
    if not shapely.dwithin(data.countries.polygons, shape, _NEAR_DEG).any():
        raise DefinitionError(
            f"special {rule.special_id}: line {list(map(list, rule.line))} is far from all "
            "countries of the data. Write longitude before latitude."
        )
    flat = plane.flatten(np.array([shape]))
    area = grown(edges_of(flat[0]) if len(rule.line) > 1 else flat, rule.within_m)
    return rounded(shapely.multipolygons(shapely.get_parts(area)), f"special {rule.special_id}")
