"""What changed from one edition of the zones to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import shapely
from attrs import frozen
from pyproj import Geod

from borderzones.zonefile import ZoneFile

_GEOD = Geod(ellps="WGS84")
_LAYERS = {
    "countries": ("country", ("country",)),
    "regions": ("region", ("region_id",)),
    "special": ("special zone", ("special_id",)),
    "strips": ("strip", ("zone_id", "side")),
}


@frozen(eq=False)
class Change:
    """An area that differs: what it is, how, and what it ``gained`` and ``lost`` (degrees).

    The areas are square metres on the ellipsoid.
    """

    kind: str
    where: str
    what: str
    gained: shapely.Geometry
    lost: shapely.Geometry

    @property
    def gained_m2(self) -> float:
        """How much ground was gained."""
        return _square_metres(self.gained)

    @property
    def lost_m2(self) -> float:
        """How much ground was lost."""
        return _square_metres(self.lost)


def changes(old: ZoneFile, new: ZoneFile) -> Iterator[Change]:
    """Yield each country, region, special zone and strip that is new, gone or different."""
    for layer, (kind, keys) in _LAYERS.items():
        before, after = (_named(content, layer, keys) for content in (old, new))
        for name in sorted({*before, *after}):
            if name not in after:
                yield Change(kind, name, "removed", shapely.MultiPolygon(), before[name][1])
            elif name not in before:
                yield Change(kind, name, "added", after[name][1], shapely.MultiPolygon())
            else:
                yield from _changed(kind, name, before[name], after[name])


Row = tuple[dict[str, str], shapely.Geometry]


def _named(content: ZoneFile, layer: str, keys: tuple[str, ...]) -> dict[str, Row]:
    areas = content.layers[layer]
    names = ("/".join(row[key] for key in keys) for row in areas.rows)
    told = ({**row, **_defined(content, row)} for row in areas.rows)
    return dict(zip(names, zip(told, areas.polygons, strict=True), strict=True))


def _defined(content: ZoneFile, row: Mapping[str, str]) -> dict[str, str]:
    """Return what the definition of a strip's zone says of it."""
    for zone in content.zones:
        if zone.zone_id == row.get("zone_id"):
            depth_m = f"{zone.depth_m(row['side']):g}"
            return {"depth_m": depth_m, "disciplines": ", ".join(zone.disciplines) or "all"}
    return {}


def _changed(kind: str, name: str, before: Row, after: Row) -> Iterator[Change]:
    (old_row, old), (new_row, new) = before, after
    same_shape = shapely.equals_identical(old, new)
    if same_shape and old_row == new_row:
        return
    told = [
        f"{key}: {old_row.get(key, '')} → {new_row.get(key, '')}"
        for key in sorted({*old_row, *new_row})
        if old_row.get(key) != new_row.get(key)
    ]
    none = shapely.MultiPolygon()
    gained, lost = (none, none) if same_shape else (new.difference(old), old.difference(new))
    yield Change(kind, name, "; ".join(told) or "another outline", gained, lost)


def _square_metres(shape: shapely.Geometry) -> float:
    return float(
        np.sum([abs(_GEOD.geometry_area_perimeter(p)[0]) for p in shapely.get_parts(shape)])
    )
