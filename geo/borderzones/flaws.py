"""Finds what is wrong with built zones: invalid rings, gaps, overlaps and slivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import numpy as np
import shapely
from attrs import frozen
from pyproj import Geod

from borderzones.arrays import Geometries
from borderzones.zonefile import Areas, ZoneFile

_GEOD = Geod(ellps="WGS84")
_KEYS = {
    "countries": ("country",),
    "regions": ("region_id",),
    "special": ("special_id",),
    "strips": ("zone_id", "side"),
    "pieces": ("piece_id",),
}
# Areas come from different surveys on a grid of 1e-7 degree: a seam between two may be two units
# wide, about 2 cm. What is twice as wide has been drawn so, or is a mistake.
_SEAM_DEG = 2.5e-7
# A part of an area that is smaller or narrower than this is no place where anything happens.
_SLIVER_M2 = 100.0
_SLIVER_M = 1.0


class Level(StrEnum):
    """Whether zones with this flaw decide wrongly somewhere, or somebody should look at it."""

    ERROR = "error"
    WARNING = "warning"


class Kind(StrEnum):
    """What is wrong."""

    INVALID = "invalid ring"
    GAP = "gap"
    OVERLAP = "overlap"
    SLIVER = "sliver"
    NOBODY_ENTITLED = "no entitled centre"
    NOBODY_RESPONSIBLE = "nobody responsible"
    TIE = "tie"


@frozen(eq=False)
class Flaw:
    """One thing found: in or between which areas, what, and the shape of the place (degrees)."""

    level: Level
    kind: Kind
    where: str
    what: str
    shape: shapely.Geometry

    @property
    def spot(self) -> tuple[float, float]:
        """A point of the place: longitude and latitude in degrees (EPSG:4326)."""
        inner = shapely.point_on_surface(self.shape)
        return inner.x, inner.y


def geometry_flaws(content: ZoneFile) -> list[Flaw]:
    """Find everything that is wrong with the areas themselves.

    Two areas may share what a special zone gives to both of their countries. Seams of up to 2 cm
    between regions, and between a region and its country's border, are none.
    """
    invalid = list(_invalid(content))
    # What is invalid cannot be compared with anything.
    return invalid or [*_gaps(content), *_overlaps(content), *_slivers(content)]


def _invalid(content: ZoneFile) -> Iterator[Flaw]:
    for layer in _KEYS:
        areas = content.layers[layer]
        for i in np.flatnonzero(~shapely.is_valid(areas.polygons)).tolist():
            why = shapely.is_valid_reason(areas.polygons[i])
            box = shapely.box(*areas.polygons[i].bounds)
            yield Flaw(Level.ERROR, Kind.INVALID, _name(areas, layer, i), why, box)


def _gaps(content: ZoneFile) -> Iterator[Flaw]:
    countries, regions = content.layers["countries"], content.layers["regions"]
    for code, country in zip(countries.column("country"), countries.polygons, strict=True):
        own = [i for i, row in enumerate(regions.rows) if row["country"] == code]
        gap = country.difference(shapely.union_all(regions.polygons[own]))
        for part in _wider_than_seams(gap):
            yield Flaw(Level.ERROR, Kind.GAP, code, f"no region covers {_area(part)}", part)
    yield from _between_neighbours(countries)


def _between_neighbours(countries: Areas) -> Iterator[Flaw]:
    """Find holes between countries: what two or more of them enclose and none has."""
    together = shapely.union_all(countries.polygons)
    holes = [
        shapely.Polygon(ring) for part in shapely.get_parts(together) for ring in part.interiors
    ]
    for hole in _wider_than_seams(shapely.MultiPolygon(holes)):
        enclosing = [
            code
            for code, polygon in zip(countries.column("country"), countries.polygons, strict=True)
            if polygon.intersects(hole)
        ]
        what = f"no country covers {_area(hole)}"
        yield Flaw(Level.ERROR, Kind.GAP, " and ".join(enclosing), what, hole)


def _overlaps(content: ZoneFile) -> Iterator[Flaw]:
    countries, special = content.layers["countries"], content.layers["special"]
    for first, second, common in _pairs(countries.polygons):
        pair = {countries.rows[first]["country"], countries.rows[second]["country"]}
        agreed = [
            special.polygons[i]
            for i, row in enumerate(special.rows)
            if pair <= set(row["countries"].split(","))
        ]
        rest = common.difference(shapely.union_all(agreed)) if agreed else common
        yield from _overlap(rest, pair, Level.ERROR)
    regions = content.layers["regions"]
    for first, second, common in _pairs(regions.polygons):
        one, other = regions.rows[first], regions.rows[second]
        if one["country"] == other["country"]:
            yield from _overlap(common, {one["region_id"], other["region_id"]}, Level.WARNING)


def _pairs(polygons: Geometries) -> Iterator[tuple[int, int, shapely.Geometry]]:
    """Yield each two polygons that have more than an outline in common, with what they have."""
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    wanted = first < second
    first, second = first[wanted], second[wanted]
    common = shapely.intersection(polygons[first], polygons[second])
    for i in np.flatnonzero(shapely.area(common) > 0).tolist():
        yield int(first[i]), int(second[i]), common[i]


def _overlap(common: shapely.Geometry, names: Iterable[str], level: Level) -> Iterator[Flaw]:
    for part in _wider_than_seams(common):
        where = " and ".join(sorted(names))
        yield Flaw(level, Kind.OVERLAP, where, f"both have {_area(part)}", part)


def _slivers(content: ZoneFile) -> Iterator[Flaw]:
    for layer in ("countries", "regions", "strips"):
        areas = content.layers[layer]
        parts, owner = shapely.get_parts(areas.polygons, return_index=True)
        metres = np.array([_measured(part) for part in parts])
        square_m, around_m = np.abs(metres[:, 0]), metres[:, 1]
        thin = (square_m < _SLIVER_M2) | (2 * square_m / around_m < _SLIVER_M)
        for i in np.flatnonzero(thin).tolist():
            what = f"a part of {square_m[i]:,.1f} m², {2 * square_m[i] / around_m[i]:.2f} m wide"
            name = _name(areas, layer, owner[i])
            yield Flaw(Level.WARNING, Kind.SLIVER, name, what, parts[i])


def _wider_than_seams(shape: shapely.Geometry) -> Sequence[shapely.Polygon]:
    """Return the polygons of a shape that are wider than a seam somewhere."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    flat = parts[shapely.get_dimensions(parts) == 2]
    wide: Sequence[shapely.Polygon] = flat[~shapely.is_empty(shapely.buffer(flat, -_SEAM_DEG / 2))]
    return wide


def _measured(part: shapely.Polygon) -> tuple[float, float]:
    """Return the area (m²) and the length of the outline (m) on the ellipsoid."""
    square_m, around_m = _GEOD.geometry_area_perimeter(part)
    return float(square_m), float(around_m)


def _area(part: shapely.Polygon) -> str:
    return f"{abs(_measured(part)[0]):,.1f} m²"


def _name(areas: Areas, layer: str, number: int) -> str:
    return "/".join(areas.rows[number][key] for key in _KEYS[layer])
