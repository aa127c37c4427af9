"""A plane around one point, for what happens within some tens of kilometres of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from attrs import frozen
from pyproj import Geod

from borderzones.arrays import Floats

_GEOD = Geod(ellps="WGS84")


@frozen
class Around:
    """The azimuthal equidistant plane around a point (degrees, EPSG:4326).

    Distances and directions from that point are those of the WGS 84 ellipsoid; between two points
    that lie within 50 km of it, distances differ by less than 0.002 %.
    """

    lon: float
    lat: float

    def to_metres(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return metres to the east and to the north, of the shape (points,) that came in."""
        lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        here = np.full(lon.shape, self.lon), np.full(lat.shape, self.lat)
        azimuth, _, metres = _GEOD.inv(*here, lon, lat)
        return metres * np.sin(np.radians(azimuth)), metres * np.cos(np.radians(azimuth))

    def to_degrees(self, east: npt.ArrayLike, north: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return the longitudes and latitudes of points of the plane."""
        east, north = np.asarray(east, np.float64), np.asarray(north, np.float64)
        azimuth = np.degrees(np.arctan2(east, north))
        here = np.full(east.shape, self.lon), np.full(east.shape, self.lat)
        lon, lat, _ = _GEOD.fwd(*here, azimuth, np.hypot(east, north))
        return np.asarray(lon), np.asarray(lat)
