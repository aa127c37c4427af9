"""How far points are from the nearest outline among several areas, at tens of thousands a second.

The nearest place is found in the plane, among short runs of the outlines. The plane's scale changes
from place to place, so every run that may be as near is measured on the ellipsoid.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
import shapely
from attrs import field, frozen

from borderzones import plane
from borderzones.arrays import Floats, Ints
from borderzones.layer import Layer

#: Distances are true to 0.05 m up to here, in metres; what is farther is not measured.
REACH_M: Final = 65_000.0
# Over a distance d the plane's scale changes by less than 0.11 d / 6 370 km on either of two ways.
_SLACK_PER_M = 4e-8
_SLACK_M = 0.02


@frozen(eq=False)
class Near:
    """Pairs of a point and an area near it, by point: first the nearest, then what may be as near.

    ``metres`` are geodesic distances to the area's outline. A point that is beyond reach of all
    areas is in no pair; an area may come several times.
    """

    point: Ints
    area: Ints
    metres: Floats

    def joined(self, other: Near) -> Near:
        """Return the pairs of both."""
        return Near(
            np.concatenate([self.point, other.point]),
            np.concatenate([self.area, other.area]),
            np.concatenate([self.metres, other.metres]),
        )

    def least(self, points: int) -> tuple[Floats, Ints]:
        """Return for each of so many points the distance and area of its nearest pair.

        Infinite and -1 for a point that has none; of areas as near, the first of the layer.
        """
        order = np.lexsort((self.area, self.metres, self.point))
        found, first = np.unique(self.point[order], return_index=True)
        metres, area = np.full(points, np.inf), np.full(points, -1, dtype=np.int64)
        metres[found], area[found] = self.metres[order][first], self.area[order][first]
        return metres, area


@frozen(eq=False)
class Outlines:
    """The outlines of a layer, with an index for each set of areas that was asked about.

    Threads may share it.
    """

    _layer: Layer
    _indexed: dict[frozenset[int], tuple[Ints, shapely.STRtree]] = field(factory=dict, init=False)
    _one_at_a_time: threading.Lock = field(factory=threading.Lock, init=False)

    def near(self, areas: frozenset[int], lon: Floats, lat: Floats) -> Near:
        """Measure from points (degrees, of shape (points,)) to the nearest of some areas."""
        if not areas or not len(lon):
            none = np.zeros(0, dtype=np.int64)
            return Near(none, none, np.zeros(0))
        runs, tree = self._index(areas)
        points = shapely.points(*plane.to_plane(lon, lat))
        (point, _), metres = tree.query_nearest(
            points,
            max_distance=REACH_M * plane.MAX_SCALE,
            return_distance=True,
            all_matches=False,
        )
        rivals = metres * (1 + _SLACK_PER_M * metres) + _SLACK_M
        number, run = tree.query(points[point], predicate="dwithin", distance=rivals)
        point, run = point[number], runs[run]
        ways = shapely.shortest_line(points[point], self._layer.chunks[run])
        foot = plane.from_plane(*shapely.get_coordinates(ways)[1::2].T)
        metres = plane.geodesic_m(lon[point], lat[point], *foot)
        within = metres <= REACH_M
        return Near(point[within], self._layer.owners[run[within]], metres[within])

    def _index(self, areas: frozenset[int]) -> tuple[Ints, shapely.STRtree]:
        with self._one_at_a_time:
            if areas not in self._indexed:
                runs = np.flatnonzero(np.isin(self._layer.owners, list(areas)))
                self._indexed[areas] = runs, shapely.STRtree(self._layer.chunks[runs])
            return self._indexed[areas]
