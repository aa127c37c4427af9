"""Coordinates of the national systems, converted to longitude and latitude.

`borderzones.systems` converts them and says how true that is; here its refusals become the bus's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy.typing as npt

from borderzones import systems
from borderzones.arrays import Floats
from borderzones.errors import CoordinateError
from dispatch_bus.domain.errors import Refused

WGS84: Final = systems.WGS84


def to_wgs84(x: npt.ArrayLike, y: npt.ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Convert coordinates of the system ``epsg`` to longitudes and latitudes (EPSG:4326).

    As `borderzones.systems.to_wgs84`, but raises `Refused`.
    """
    with _refusing():
        return systems.to_wgs84(x, y, epsg)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Convert longitudes and latitudes (EPSG:4326, degrees) to the system ``epsg``.

    As `borderzones.systems.from_wgs84`, but raises `Refused`.
    """
    with _refusing():
        return systems.from_wgs84(lon, lat, epsg)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except CoordinateError as error:
        raise Refused(error.field, error.value, error.remedy) from error
