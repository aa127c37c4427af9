"""Points to look up: random ones over the region, and some that lie within a metre of a border."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from bench_sizes import SEED

Floats = npt.NDArray[np.float64]
Kind = Literal["points at random", "points half at a border"]
KINDS: tuple[Kind, ...] = ("points at random", "points half at a border")
_METRES_PER_DEGREE = 111_320.0


def points(countries: npt.NDArray[np.object_], kind: Kind, count: int) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes, in degrees; the same for the same arguments."""
    chance = np.random.default_rng([SEED, KINDS.index(kind)])
    west, south, east, north = shapely.total_bounds(countries)
    lon, lat = chance.uniform(west, east, count), chance.uniform(south, north, count)
    if kind == "points half at a border":
        beside = slice(0, count // 2)
        lon[beside], lat[beside] = _beside(borders(countries), count // 2, chance)
        shuffled = chance.permutation(count)
        lon, lat = lon[shuffled], lat[shuffled]
    return lon, lat


def borders(countries: npt.NDArray[np.object_]) -> Floats:
    """Return the edges that two countries share, as rows x1, y1, x2, y2."""
    rings = shapely.get_rings(shapely.get_parts(countries))
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    edges = np.hstack([lonlat[:-1], lonlat[1:]])[ring[1:] == ring[:-1]]
    backwards = (edges[:, 0] > edges[:, 2]) | (
        (edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3])
    )
    edges[backwards] = edges[backwards][:, [2, 3, 0, 1]]
    distinct, times = np.unique(edges, axis=0, return_counts=True)
    shared: Floats = distinct[times > 1].T
    return shared


def _beside(edges: Floats, count: int, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """Return points less than a metre to either side of edges, the longer the more."""
    x1, y1, x2, y2 = edges
    per_degree = _METRES_PER_DEGREE * np.cos(np.radians((y1 + y2) / 2))
    east, north = (x2 - x1) * per_degree, (y2 - y1) * _METRES_PER_DEGREE
    length = np.hypot(east, north)
    edge = chance.choice(len(length), count, p=length / length.sum())
    along, aside = chance.uniform(0, 1, count), chance.uniform(-1, 1, count) / length[edge]
    lon = x1[edge] + along * (x2 - x1)[edge] - aside * north[edge] / per_degree[edge]
    lat = y1[edge] + along * (y2 - y1)[edge] + aside * east[edge] / _METRES_PER_DEGREE
    return lon, lat
