"""Centres, and which of them are nearest to many points: a million points a second and more.

Points and centres are put on the ellipsoid in space, where a matrix product ranks them by chords.
Over a chord c the geodesic is longer by about c³ / 24 R², and the radius R differs by 1 % between
places and directions: centres whose chords differ by less than that are compared by the geodesics.
Cells throughout which one place is the nearest are known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from borderzones import plane
from borderzones.arrays import Bools, Floats, Ints, together
from borderzones.look import Reason
from borderzones.positions import REASONS, Numbers, unusable

# WGS 84: half the greater axis in metres, and the first eccentricity squared.
_AXIS_M: Final = 6_378_137.0
_ECCENTRICITY_2: Final = 6.694_379_990_141_317e-3
# 5 % of 1 / 24 R², where 2 % would do.
_DOUBT: Final = 5e-17
_BLOCK: Final = 4_096
# Cells of 0.02°, and more than the greatest distance from their middle to a corner anywhere.
_CELLS_PER_DEGREE: Final = 50
_HALF_CELL_M: Final = 1_700.0
# Of fewer points each is ranked: to fill the cells takes as long as that many.
_MANY: Final = 100_000
# So far beyond the centres, in degrees, the table of cells reaches.
_MARGIN_DEG: Final = 1.0


@frozen
class Centre:
    """A centre: degrees (EPSG:4326) of its control room, and its country."""

    centre_id: str
    country: str
    lon: float
    lat: float


@frozen
class NearestCentre:
    """The centre whose control room is the nearest to one point, in metres on the ellipsoid."""

    reason: Reason
    centre_id: str
    metres: float


@frozen(eq=False)
class Nearest:
    """For each point the number of its nearest centre in ``centres``, -1 for what is no place.

    ``reason`` is the number in `REASONS` of why a point is no place, or 0.
    """

    reason: Numbers
    centre: Ints
    centres: tuple[Centre, ...]
    _lon: Floats = field(repr=False)
    _lat: Floats = field(repr=False)

    def __len__(self) -> int:
        return len(self.centre)

    def __getitem__(self, number: int) -> NearestCentre:
        """Return the answer for one point."""
        centre = int(self.centre[number])
        name = self.centres[centre].centre_id if centre >= 0 else ""
        return NearestCentre(REASONS[self.reason[number]], name, self.metres.item(number))

    @cached_property
    def metres(self) -> Floats:
        """Geodesic distances, not a number for what is no place; measured when first asked for."""
        metres = np.full(len(self.centre), np.nan)
        known = np.flatnonzero(self.centre >= 0)
        lon, lat = _positions(self.centres)[:, self.centre[known]]
        metres[known] = plane.geodesic_m(self._lon[known], self._lat[known], lon, lat)
        return metres


@frozen(eq=False)
class Rooms:
    """The control rooms of some centres, to find the nearest of."""

    centres: tuple[Centre, ...]

    def nearest(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Nearest:
        """Find for each point (degrees, EPSG:4326) the nearest control room.

        Of two that are as near, the first. Without any centre, or for what is no place, it is -1.
        """
        lon, lat = together(lon, lat)
        reason = unusable(lon, lat, np.zeros(len(lon)))
        found = np.full(len(lon), -1, dtype=np.int64)
        if self.centres:
            is_many = len(lon) >= _MANY
            place = self._cells.look_up(lon, lat) if is_many else np.full(len(lon), -1)
            unknown = np.flatnonzero((place < 0) & (reason == 0))
            place[unknown] = self._ranked(lon[unknown], lat[unknown])
            found = np.where(reason == 0, self._places[1].take(place, mode="clip"), -1)
        return Nearest(reason, found, self.centres, lon, lat)

    @cached_property
    def _places(self) -> tuple[Floats, Ints]:
        """The places of the rooms, as rows of longitudes and latitudes, and who is first at each.

        Several centres may share a house.
        """
        places, first = np.unique(_positions(self.centres), axis=1, return_index=True)
        return places, first

    @cached_property
    def _cells(self) -> _Cells:
        """A table of the cells throughout which one place is the nearest."""
        lon, lat = self._places[0]
        west, south = np.floor(lon.min()) - _MARGIN_DEG, np.floor(lat.min()) - _MARGIN_DEG
        columns, rows = (
            int((np.ceil(most) + _MARGIN_DEG - least) * _CELLS_PER_DEGREE)
            for most, least in ((lon.max(), west), (lat.max(), south))
        )
        row, column = np.divmod(np.arange(columns * rows), columns)
        middle = west + (column + 0.5) / _CELLS_PER_DEGREE, south + (row + 0.5) / _CELLS_PER_DEGREE
        found = np.concatenate([self._alone(*part) for part in _blocks(*middle)])
        return _Cells(west, south, columns, rows, found)

    def _alone(self, lon: Floats, lat: Floats) -> Ints:
        """Return the place that is the nearest all over a cell, given by its middle, or -1."""
        squares = self._squares(lon, lat)
        best = squares.argmin(axis=1)
        chord = np.sqrt(squares[np.arange(len(lon)), best])
        rivals = squares <= (_bound(chord) + 2 * _HALF_CELL_M)[:, None] ** 2
        return np.where(rivals.sum(axis=1) == 1, best, -1)

    def _ranked(self, lon: Floats, lat: Floats) -> Ints:
        parts = [self._among_all(*part) for part in _blocks(lon, lat)]
        return np.concatenate([*parts, np.zeros(0, dtype=np.int64)])

    def _among_all(self, lon: Floats, lat: Floats) -> Ints:
        squares = self._squares(lon, lat)
        best = squares.argmin(axis=1)
        chord = np.sqrt(squares[np.arange(len(lon)), best])
        rivals = squares <= (_bound(chord) ** 2)[:, None]
        doubtful = np.flatnonzero(rivals.sum(axis=1) > 1)
        best[doubtful] = self._measured(lon[doubtful], lat[doubtful], rivals[doubtful])
        return np.asarray(best)

    def _measured(self, lon: Floats, lat: Floats, rivals: Bools) -> Ints:
        point, place = np.nonzero(rivals)
        metres = np.full(rivals.shape, np.inf)
        there = self._places[0][:, place]
        metres[point, place] = plane.geodesic_m(lon[point], lat[point], *there)
        return np.asarray(metres.argmin(axis=1))

    def _squares(self, lon: Floats, lat: Floats) -> Floats:
        """Return the squared chords, of shape (points, places of rooms)."""
        places, rooms = _in_space(lon, lat), _in_space(*self._places[0])
        squares: Floats = places @ (-2 * rooms.T)
        squares += (places**2).sum(axis=1)[:, None] + (rooms**2).sum(axis=1)
        return np.maximum(squares, 0, out=squares)


@frozen(eq=False)
class _Cells:
    """Cells from the corner (``west``, ``south``) on, row by row, each with a number or -1."""

    west: float
    south: float
    columns: int
    rows: int
    numbers: Ints

    def look_up(self, lon: Floats, lat: Floats) -> Ints:
        """Return the number of each point's cell, -1 beyond them and for what is no place."""
        with np.errstate(invalid="ignore"):
            column, row = (
                (lon - self.west) * _CELLS_PER_DEGREE,
                (lat - self.south) * _CELLS_PER_DEGREE,
            )
            within = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
            cell = row.astype(np.int64) * self.columns + column.astype(np.int64)
        return np.where(within, self.numbers.take(cell, mode="clip"), -1)


def _bound(chord: Floats) -> Floats:
    """Return the greatest chord of whatever may be as near as what has this chord."""
    # Squares of chords are true to some hundredths of a square metre.
    return np.sqrt((chord + _DOUBT * chord**3) ** 2 + 0.1)


def _blocks(lon: Floats, lat: Floats) -> Iterator[tuple[Floats, Floats]]:
    for start in range(0, len(lon), _BLOCK):
        yield lon[start : start + _BLOCK], lat[start : start + _BLOCK]


def _positions(centres: tuple[Centre, ...]) -> Floats:
    return np.array([[one.lon for one in centres], [one.lat for one in centres]])


def _in_space(lon: Floats, lat: Floats) -> Floats:
    """Return places on the ellipsoid in metres from its middle, of shape (places, 3)."""
    turn, height = np.radians(lon), np.radians(lat)
    sine = np.sin(height)
    normal = _AXIS_M / np.sqrt(1 - _ECCENTRICITY_2 * sine**2)
    aside = normal * np.cos(height)
    return np.column_stack(
        [aside * np.cos(turn), aside * np.sin(turn), normal * (1 - _ECCENTRICITY_2) * sine]
    )
