"""Other ways in Python to tell which areas cover which points: each gives or counts all pairs."""

from __future__ import annotations

from collections.abc import Callable

import geopandas
import numpy as np
import numpy.typing as npt
import shapely
from attrs import frozen
from bench_points import Floats

Shapes = npt.NDArray[np.object_]


@frozen
class Rival:
    """A way to look up points, many at once and one by one; both count the pairs found."""

    name: str
    many: Callable[[Floats, Floats], int]
    one: Callable[[float, float], int]


def prepared(polygons: Shapes) -> Rival:
    """Ask each prepared polygon about the points in its box; of one point, all of them."""
    shapely.prepare(polygons)
    boxes = shapely.bounds(polygons)

    def many(lon: Floats, lat: Floats) -> int:
        found = 0
        for polygon, (west, south, east, north) in zip(polygons, boxes, strict=True):
            near = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
            found += int(shapely.intersects_xy(polygon, lon[near], lat[near]).sum())
        return found

    def one(lon: float, lat: float) -> int:
        return int(shapely.intersects_xy(polygons, lon, lat).sum())

    return Rival("prepared polygons", many, one)


def tree(parts: Shapes) -> Rival:
    """Ask a tree of the polygons cut into parts of few corners, prepared too."""
    shapely.prepare(parts)
    boxes = shapely.STRtree(parts)

    def many(lon: Floats, lat: Floats) -> int:
        point, part = boxes.query(shapely.points(lon, lat))
        return int(shapely.intersects_xy(parts[part], lon[point], lat[point]).sum())

    def one(lon: float, lat: float) -> int:
        near = boxes.query(shapely.Point(lon, lat))
        return int(shapely.intersects_xy(parts[near], lon, lat).sum())

    return Rival("STRtree over cut polygons", many, one)


def sjoin(polygons: Shapes) -> Rival:
    """Join two frames of geopandas; the areas come first, for it prepares those of the first."""
    areas = geopandas.GeoDataFrame(geometry=list(polygons))

    def many(lon: Floats, lat: Floats) -> int:
        places = geopandas.GeoDataFrame(geometry=shapely.points(lon, lat))
        return len(areas.sjoin(places, predicate="intersects"))

    def one(lon: float, lat: float) -> int:
        return many(np.array([lon]), np.array([lat]))

    return Rival("geopandas.sjoin", many, one)
