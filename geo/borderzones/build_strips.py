"""Makes the strips of a border zone: what of one country lies within a depth of the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from attrs import frozen

from borderzones import plane
from borderzones.arrays import Geometries
from borderzones.build_sources import Geodata
from borderzones.definitions import BorderZone
from borderzones.errors import DefinitionError, SourceError
from borderzones.zonefile import Areas, on_grid

# 64 steps for a quarter circle keep the chord within 1.2 m of a 15 km arc.
_QUARTER = 64
# Half a metre of the far outline moves a strip's outer edge by as much, and halves the work.
_OUTLINE_M = 0.5
# A region that only touches the strip along a seam of a centimetre is not in it.
_MIN_PIECE_M2 = 100.0
_M2_PER_SQUARE_DEGREE = 7.6e9


@frozen(eq=False)
class Strip:
    """The strip of ``zone`` in the country ``side``, in degrees."""

    zone: BorderZone
    side: str
    polygon: shapely.MultiPolygon


def strips(data: Geodata, zones: tuple[BorderZone, ...]) -> tuple[Strip, ...]:
    """Make the strips of each zone, in the order of the zones and of their pairs."""
    return tuple(strip for zone in zones for strip in _sides(data, zone))


def strip_areas(made: tuple[Strip, ...]) -> Areas:
    """Return the strips as areas with the properties ``zone_id`` and ``side``."""
    rows = tuple({"zone_id": strip.zone.zone_id, "side": strip.side} for strip in made)
    return Areas(rows, np.array([strip.polygon for strip in made]))


def piece_areas(data: Geodata, made: tuple[Strip, ...]) -> Areas:
    """Cut strips by region; ``piece_id`` is zone, side and region, as NL-BE-15km/NL/NL-VR24."""
    pieces = [piece for strip in made for piece in _cut(data, strip)]
    rows = tuple({"piece_id": piece_id} for piece_id, _ in pieces)
    return Areas(rows, np.array([polygon for _, polygon in pieces]))


def _sides(data: Geodata, zone: BorderZone) -> Iterator[Strip]:
    known = data.countries.column("country")
    if unknown := set(zone.pair) - set(known):
        raise DefinitionError(
            f"{zone.zone_id}: pair names {min(unknown)!r}, which is not one of {', '.join(known)}."
        )
    first, second = zone.pair
    if not data.country(first).intersects(data.country(second)):
        raise DefinitionError(f"{zone.zone_id}: {first} and {second} share no border. Remove it.")
    for side, other in ((first, second), (second, first)):
        if zone.depth_m(side):
            yield Strip(zone, side, _strip(data.country(side), data.country(other), zone, side))


def _strip(
    own: shapely.MultiPolygon, other: shapely.MultiPolygon, zone: BorderZone, side: str
) -> shapely.MultiPolygon:
    common = _polygonal(own.intersection(other))
    near = shapely.union(_within(own, other, zone.depth_m(side)), common)
    return rounded(_polygonal(own.intersection(near)), zone.zone_id)


def _within(
    own: shapely.MultiPolygon, other: shapely.MultiPolygon, depth_m: float
) -> shapely.Geometry:
    """Return, in degrees, what lies within ``depth_m`` of the part of ``other`` near ``own``."""
    flat_own, flat_other = plane.flatten(np.array([own, other]))
    shapely.prepare(flat_own)
    edges = edges_of(shapely.simplify(flat_other.boundary, _OUTLINE_M))
    edges = edges[shapely.dwithin(flat_own, edges, depth_m * plane.MAX_SCALE)]
    return grown(edges, depth_m)


def grown(flat: Geometries, metres: float) -> shapely.Geometry:
    """Return, in degrees, all within ``metres`` on the ground of points or edges in the plane."""
    # Edge by edge, because GEOS thins out a longer line by 1 % of the distance before it buffers.
    rounds = shapely.buffer(flat, metres * plane.scale(flat), quad_segs=_QUARTER)
    return plane.unflatten(shapely.union_all(rounds))


def edges_of(outline: shapely.Geometry) -> Geometries:
    """Return the edges of lines, each a line of its own."""
    vertices, ring = shapely.get_coordinates(shapely.get_parts(outline), return_index=True)
    ends = np.stack([vertices[:-1], vertices[1:]], axis=1)
    edges: Geometries = shapely.linestrings(ends[ring[:-1] == ring[1:]])
    return edges


def _cut(data: Geodata, strip: Strip) -> Iterator[tuple[str, shapely.MultiPolygon]]:
    for row, polygon in zip(data.regions.rows, data.regions.polygons, strict=True):
        if row["country"] != strip.side or not polygon.intersects(strip.polygon):
            continue
        piece_id = f"{strip.zone.zone_id}/{strip.side}/{row['region_id']}"
        piece = rounded(_polygonal(polygon.intersection(strip.polygon)), piece_id)
        if piece.area * _M2_PER_SQUARE_DEGREE >= _MIN_PIECE_M2:
            yield piece_id, piece


def _polygonal(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """Return the polygons of ``shape``, without the lines and points where areas only touch."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])


def rounded(shape: shapely.MultiPolygon, name: str) -> shapely.MultiPolygon:
    """Round to the file's unit; raise `SourceError` where no valid polygon is left."""
    near = on_grid(np.array([shape]))[0]
    if not near.is_valid:
        near = _polygonal(shapely.make_valid(near))
    if near.is_valid:
        return near
    raise SourceError(f"{name}: {shapely.is_valid_reason(near)}. Mend the outlines near it.")
