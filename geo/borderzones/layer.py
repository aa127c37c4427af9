"""One layer of areas: which contain a point, and how far away their outlines are."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Self

import numpy as np
import shapely
from attrs import field, frozen

from borderzones import plane
from borderzones.arrays import Bools, Floats, Geometries, Ints

_CHUNK = 24
# Candidates may differ from the nearest by the change of the plane's scale within 65 km.
_SLACK = 1.002


@frozen(eq=False)
class Points:
    """Points in degrees (EPSG:4326), arrays of shape (points,); what layers need is made once."""

    lon: Floats
    lat: Floats

    @cached_property
    def geometries(self) -> Geometries:
        """The points as geometries in degrees."""
        return np.asarray(shapely.points(self.lon, self.lat))

    @cached_property
    def plane(self) -> tuple[Floats, Floats]:
        """Their metres east and north in the plane."""
        return plane.to_plane(self.lon, self.lat)

    @cached_property
    def flat(self) -> Geometries:
        """The points as geometries of the plane."""
        return np.asarray(shapely.points(*self.plane))


@frozen(eq=False)
class Layer:
    """Polygons (EPSG:4326) with indexes, which threads may share.

    ``polygons`` are prepared and ``boxes`` indexes them; ``chunks`` are short runs of their
    outlines in the plane with their ``bounds``, a vertex from their ``middles``, the numbers of
    the polygons that they belong to (``owners``) and a ``tree``.
    """

    polygons: Geometries
    boxes: shapely.STRtree
    chunks: Geometries
    bounds: Floats
    middles: Floats
    owners: Ints
    tree: shapely.STRtree
    # GEOS builds a prepared polygon's index during one of its first uses, without a lock of its
    # own, and shapely releases the interpreter's.
    _one_at_a_time: threading.Lock = field(factory=threading.Lock, init=False)

    @classmethod
    def of(cls, polygons: Geometries) -> Self:
        """Index ``polygons``, an array of shape (areas,) of polygons or multipolygons."""
        shapely.prepare(polygons)
        chunks, owners = outline_runs(polygons)
        middles = shapely.get_point(chunks, shapely.get_num_points(chunks) // 2)
        return cls(
            polygons=polygons,
            boxes=shapely.STRtree(polygons),
            chunks=chunks,
            bounds=shapely.bounds(chunks),
            middles=shapely.get_coordinates(middles),
            owners=owners,
            tree=shapely.STRtree(chunks),
        )

    def contains(self, points: Points) -> Bools:
        """Tell, with shape (points, areas), which areas cover which points, outline included."""
        inside = np.zeros((len(points.lon), len(self.polygons)), dtype=np.bool_)
        point, area = self.boxes.query(points.geometries)
        lon, lat = points.lon[point], points.lat[point]
        with self._one_at_a_time:
            covered = shapely.intersects_xy(self.polygons[area], lon, lat)
        inside[point, area] = covered
        return inside

    def outline_m(self, points: Points, reach_m: Floats) -> Floats:
        """Return, with shape (points, areas), metres from each point to each area's outline.

        The distance is geodesic; it is infinite when it exceeds the point's ``reach_m``.
        """
        point, chunk = self._candidates(points, reach_m * plane.MAX_SCALE * _SLACK)
        nearest = shapely.shortest_line(points.flat[point], self.chunks[chunk])
        foot = shapely.get_coordinates(nearest)[1::2]
        foot_lon, foot_lat = plane.from_plane(foot[:, 0], foot[:, 1])
        lon, lat = points.lon[point], points.lat[point]
        metres = plane.geodesic_m(lon, lat, foot_lon, foot_lat)
        within = np.where(metres <= reach_m[point], metres, np.inf)
        return self._least(point, chunk, within, len(reach_m))

    def _candidates(self, points: Points, reach: Floats) -> tuple[Ints, Ints]:
        """Return pairs (point, chunk) among which is the nearest of every area within reach."""
        x, y = points.plane
        point, chunk = self.tree.query(shapely.box(x - reach, y - reach, x + reach, y + reach))
        low = _box_distance(x[point], y[point], self.bounds[chunk])
        high = np.hypot(*(np.stack([x, y])[:, point] - self.middles[chunk].T))
        point, chunk = self._best(point, chunk, low, high, reach)
        metres = shapely.distance(points.flat[point], self.chunks[chunk])
        return self._best(point, chunk, metres, metres, reach)

    def _best(
        self, point: Ints, chunk: Ints, low: Floats, high: Floats, reach: Floats
    ) -> tuple[Ints, Ints]:
        """Drop the pairs whose least distance exceeds the greatest of another of their area."""
        best = np.minimum(self._least(point, chunk, high, len(reach)), reach[:, None])
        keep = low <= best[point, self.owners[chunk]] * _SLACK
        return point[keep], chunk[keep]

    def _least(self, point: Ints, chunk: Ints, values: Floats, points: int) -> Floats:
        least = np.full((points, len(self.polygons)), np.inf)
        np.minimum.at(least, (point, self.owners[chunk]), values)
        return least


def _box_distance(x: Floats, y: Floats, bounds: Floats) -> Floats:
    """Return the distances from points to boxes, 0 inside."""
    x_min, y_min, x_max, y_max = bounds.T
    east_west = np.maximum(np.maximum(x_min - x, x - x_max), 0)
    north_south = np.maximum(np.maximum(y_min - y, y - y_max), 0)
    distance: Floats = np.hypot(east_west, north_south)
    return distance


def outline_runs(polygons: Geometries) -> tuple[Geometries, Ints]:
    """Cut the polygons' outlines into runs of a few edges in the plane, with their owners.

    Whoever follows a run has the polygon at their left hand.
    """
    rings, owners = _rings(shapely.orient_polygons(polygons))
    coordinates, ring = shapely.get_coordinates(plane.flatten(rings), return_index=True)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    edges = np.diff(np.append(starts, len(ring))) - 1
    runs = -(-edges // _CHUNK)
    run_ring = np.repeat(np.arange(len(edges)), runs)
    done = _ranges(np.zeros_like(runs), runs) * _CHUNK
    length = np.minimum(_CHUNK, edges[run_ring] - done) + 1
    vertices = coordinates[_ranges(starts[run_ring] + done, length)]
    lines = shapely.linestrings(vertices, indices=np.repeat(np.arange(len(length)), length))
    return lines, owners[run_ring]


def _rings(polygons: Geometries) -> tuple[Geometries, Ints]:
    parts, part_owners = shapely.get_parts(polygons, return_index=True)
    rings, ring_parts = shapely.get_rings(parts, return_index=True)
    return rings, part_owners[ring_parts]


def _ranges(first: Ints, length: Ints) -> Ints:
    """Return the integers from each ``first`` on, ``length`` of them, one after another."""
    skipped = np.cumsum(length) - length
    return np.arange(length.sum()) - np.repeat(skipped - first, length)
