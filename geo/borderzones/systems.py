"""Coordinates of the national systems, converted to longitude and latitude.

Each system is converted by the most accurate operation of the EPSG registry that needs no grid
file, so that the result is the same on every machine: `operation` names it. WGS 84 and ETRS89 count
as one, as in the registry's own transformation between them (EPSG:1149, true to 1 m).
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import frozen
from pyproj import Transformer
from pyproj.transformer import TransformerGroup

from borderzones.arrays import Bools, Floats
from borderzones.errors import CoordinateError

WGS84: Final = 4326
_ETRS89: Final = 4258


@frozen
class Operation:
    """How a system is converted: the registry's name for it, and how true that is, in metres.

    ``accuracy_m`` is the registry's figure for the way to ETRS89.
    """

    name: str
    accuracy_m: float


class _System(NamedTuple):
    """A system's name, and the longitudes and latitudes of its country."""

    name: str
    west: float
    south: float
    east: float
    north: float


class _Limits(NamedTuple):
    """The least and greatest coordinates that a system is used for."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


# Smallest first: where numbers fit two systems, the smaller area is the likely one.
_SYSTEMS: Final = {
    WGS84: _System("longitude and latitude, WGS 84", -180, -90, 180, 90),
    2169: _System("Luxembourg, LUREF", 5.73, 49.44, 6.53, 50.19),
    31370: _System("Belgium, Lambert 72", 2.5, 49.5, 6.4, 51.51),
    3812: _System("Belgium, Lambert 2008", 2.5, 49.5, 6.4, 51.51),
    28992: _System("Netherlands, RD New", 3.2, 50.75, 7.22, 53.7),
    25832: _System("Germany, ETRS89 / UTM 32N", 5.86, 47.27, 12.01, 55.09),
    2154: _System("France, Lambert-93", -5.2, 41.3, 9.6, 51.1),
}
#: The EPSG codes that are converted.
SYSTEMS: Final = tuple(sorted(_SYSTEMS))
# Whoever works at a border names places beyond it: so far the system of the country still serves.
_BEYOND_M: Final = 30_000.0


def to_wgs84(x: npt.ArrayLike, y: npt.ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Convert coordinates of the system ``epsg`` to longitudes and latitudes (EPSG:4326).

    ``x`` is the easting in metres and ``y`` the northing, whatever order of axes the registry
    gives; for 4326 they are longitude and latitude in degrees. Both are numbers or arrays of one
    shape, and so are the results. Raises `CoordinateError` for a system that is not known, and for
    a coordinate that is not finite or lies more than 30 km beyond the system's country: its
    message says which system would fit.
    """
    _known(epsg)
    east, north = np.asarray(x, np.float64), np.asarray(y, np.float64)
    _require_fit(east, north, epsg)
    if epsg == WGS84:
        return east, north
    lon, lat = _transformer(epsg).transform(east, north)
    return np.asarray(lon), np.asarray(lat)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Convert longitudes and latitudes (EPSG:4326, degrees) to the system ``epsg``.

    The reverse of `to_wgs84`, in the same shapes and order of axes. Raises `CoordinateError` where
    the system does not serve: more than 30 km beyond its country.
    """
    _known(epsg)
    east, north = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    if epsg != WGS84:
        east, north = map(
            np.asarray, _transformer(epsg).transform(east, north, direction="INVERSE")
        )
    _require_fit(east, north, epsg)
    return east, north


def likely_system(x: float, y: float) -> int | None:
    """Return the EPSG code of the system in whose country ``x``, ``y`` would lie, if any."""
    east, north = np.asarray(x, np.float64), np.asarray(y, np.float64)
    fitting = (epsg for epsg in _SYSTEMS if _fits(east, north, _limits(epsg, 0.0)))
    return next(fitting, None)


def operation(epsg: int) -> Operation:
    """Tell by which operation a system is converted; raise `CoordinateError` for an unknown one."""
    _known(epsg)
    if epsg == WGS84:
        return Operation("none", 0.0)
    chosen = _transformer(epsg)
    return Operation(chosen.description, chosen.accuracy)


def _known(epsg: int) -> None:
    if epsg not in _SYSTEMS:
        raise CoordinateError("epsg", epsg, f"Use one of {', '.join(map(str, SYSTEMS))}.")


def _require_fit(x: Floats, y: Floats, epsg: int) -> None:
    fits = _fits(x, y, _limits(epsg, _BEYOND_M))
    if not fits.all():
        raise _misfit(x, y, int(np.flatnonzero(~fits)[0]), epsg)


def _fits(x: Floats, y: Floats, limits: _Limits) -> Bools:
    # Written so that a value that is not a number fits nowhere.
    in_x = (x >= limits.x_min) & (x <= limits.x_max)
    return np.asarray(in_x & (y >= limits.y_min) & (y <= limits.y_max))


def _misfit(x: Floats, y: Floats, at: int, epsg: int) -> CoordinateError:
    limits, value = _limits(epsg, _BEYOND_M), (float(x.flat[at]), float(y.flat[at]))
    remedy = (
        f"EPSG:{epsg} ({_SYSTEMS[epsg].name}) has x from {limits.x_min:.0f} to "
        f"{limits.x_max:.0f} and y from {limits.y_min:.0f} to {limits.y_max:.0f}. "
    )
    field = "position" if x.ndim == 0 else f"position[{at}]"
    return CoordinateError(field, value, remedy + _advice(*value, epsg))


def _advice(x: float, y: float, epsg: int) -> str:
    if not np.isfinite([x, y]).all():
        return "Send finite numbers, or no position."
    if likely := likely_system(x, y):
        return f"This looks like EPSG:{likely} ({_SYSTEMS[likely].name}): name that system."
    if likely_system(y, x) == epsg:
        return "x and y look exchanged: send the easting or longitude first."
    return "It fits none of the known systems: check the position at its source."


@cache
def _transformer(epsg: int) -> Transformer:
    """Return the best one without a grid; the group lists them by accuracy, best first."""
    with warnings.catch_warnings():
        # It warns of a better one with a grid, which is left aside on purpose.
        warnings.simplefilter("ignore", UserWarning)
        group = TransformerGroup(epsg, _ETRS89, always_xy=True)
    return next(t for t in group.transformers if not _needs_grid(t))


def _needs_grid(transformer: Transformer) -> bool:
    return any(operation.grids for operation in transformer.operations or ())


@cache
def _limits(epsg: int, beyond_m: float) -> _Limits:
    """Return the box of the system's country in its own units, ``beyond_m`` wider all round."""
    system = _SYSTEMS[epsg]
    area = (system.west, system.south, system.east, system.north)
    if epsg == WGS84:
        return _Limits(*area)
    x_min, y_min, x_max, y_max = _transformer(epsg).transform_bounds(*area, direction="INVERSE")
    return _Limits(x_min - beyond_m, y_min - beyond_m, x_max + beyond_m, y_max + beyond_m)
