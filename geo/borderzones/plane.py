"""The plane in which nearest points are found, and the ellipsoid on which distances are measured.

The plane is EPSG:3034 (ETRS89-extended / LCC Europe). It is conformal: at any one place its
scale is the same in all directions, so the nearest point in the plane is the nearest point on
the ground. The distance itself is then the geodesic on the ellipsoid, free of the plane's scale.
ETRS89 stands for WGS 84 here: they differ by less than a metre, for both ends alike.
"""

from __future__ import annotations

import numpy as np
import shapely
from pyproj import Geod, Proj, Transformer

from borderzones.arrays import Floats, Geometries

SOUTH, NORTH = 47.5, 55.5
#: Highest scale of the plane (plane metres per metre) between `SOUTH` and `NORTH`.
MAX_SCALE = 0.969
#: Edges are straight in longitude and latitude (RFC 7946, 3.1.1). A step of 0.01° keeps their
#: image in the plane within 2 cm of that line.
STEP_DEG = 0.01

_TO_PLANE = Transformer.from_crs(4258, 3034, always_xy=True)
_GEOD = Geod(ellps="WGS84")
_PROJ = Proj("EPSG:3034")


def to_plane(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Project degrees to metres in the plane (x east, y north)."""
    x, y = _TO_PLANE.transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def from_plane(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the longitude and latitude in degrees of points in the plane."""
    lon, lat = _TO_PLANE.transform(x, y, direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)


def geodesic_m(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Return the geodesic distance in metres on the WGS 84 ellipsoid, pair by pair."""
    _, _, metres = _GEOD.inv(lon1, lat1, lon2, lat2)
    return np.asarray(metres)


def around(centre_lon: Floats, centre_lat: Floats, lon: Floats, lat: Floats) -> Floats:
    """Return points in the azimuthal equidistant planes around centres, pair by pair.

    The rows are metres east and north: distance and direction from the centre on the ellipsoid.
    """
    azimuth, _, metres = _GEOD.inv(centre_lon, centre_lat, lon, lat)
    return np.stack([metres * np.sin(np.radians(azimuth)), metres * np.cos(np.radians(azimuth))])


def flatten(lines: Geometries) -> Geometries:
    """Project geometries in degrees to the plane, with edges short enough to stay straight."""
    short = shapely.segmentize(lines, STEP_DEG)
    flat: Geometries = shapely.transform(
        short, lambda lonlat: np.column_stack(to_plane(lonlat[:, 0], lonlat[:, 1]))
    )
    return flat


def unflatten(flat: shapely.Geometry) -> shapely.Geometry:
    """Return a geometry of the plane in degrees."""
    return shapely.transform(flat, lambda xy: np.column_stack(from_plane(xy[:, 0], xy[:, 1])))


def scale(flat: Geometries) -> Floats:
    """Return the plane's scale at the middle of each geometry of the plane."""
    middles = shapely.centroid(flat)
    lon, lat = from_plane(shapely.get_x(middles), shapely.get_y(middles))
    return np.asarray(_PROJ.get_factors(lon, lat).meridional_scale)
