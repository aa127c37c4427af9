"""A grid of classes over all areas: which areas contain a point, exactly, by one array access.

A class is a combination of areas. A cell that no outline touches has one class throughout. In the
others a point's class follows from that of the cell's reference point: walking to the point, first
along its parallel and then along a meridian, crosses outlines, and each crossing leaves or enters
areas. Where rounding could hide on which
side of an outline a point is, or where a combination is not in the table, the grid says that it
does not know, and the polygons themselves are asked.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from borderzones.arrays import Bools, Floats, Ints
from borderzones.ways import crosses, crossings, reaches

Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

#: Cells per degree; a cell is about 140 m by 220 m.
CELLS_PER_DEGREE = 500
#: Codes of a point that the grid does not know, and of one beyond it.
UNKNOWN, OUTSIDE = -2, -3
#: Places in a cell, as shares of its width and height, that may be its reference point. None lies
#: on a multiple of 1e-7 degree, where the outlines' vertices are.
REFERENCES = np.array(
    [[0.5000313, 0.5000171], [0.2500171, 0.7500313], [0.7500317, 0.3100119], [0.1300219, 0.1900327]]
)
_MOST_ROWS = 64
_REFERENCES = REFERENCES.tolist()
# Points of a block, so that its intermediate arrays stay in the processor's cache.
_BLOCK = 16_384


def hashes(areas: int) -> Hashes:
    """Return a hash for each of so many areas: the first outputs of splitmix64 with seed 0."""
    with np.errstate(over="ignore"):
        z = np.arange(1, areas + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = z ^ (z >> np.uint64(31))
    return mixed


@frozen(eq=False)
class Grid:
    """The grid: ``columns`` by ``rows`` cells from the cell (``west``, ``south``) on.

    ``cells`` holds a class, or the number of classes plus the number of a mixed cell. A mixed cell
    has a reference point (``reference`` chooses from `REFERENCES`) with its ``reference_class``,
    and the numbers in ``cell_edges`` of the edges that touch it, from ``starts[i]`` to
    ``starts[i + 1]``. An edge runs from (x1, y1) to (x2, y2), the rows of ``edges``, in degrees;
    to cross it changes the combination of areas by ``edge_hash``. ``class_hash`` is the hash of
    each class, and ``meaning`` the number of what it stands for.
    """

    west: int
    south: int
    columns: int
    rows: int
    cells: Codes
    class_hash: Hashes
    meaning: Codes
    reference: npt.NDArray[np.uint8]
    reference_class: Codes
    starts: Ints
    cell_edges: Codes
    edges: Floats
    edge_hash: Hashes
    _order: Ints = field(init=False)
    _sorted: Hashes = field(init=False)
    _by_hash: dict[int, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        order = np.argsort(self.class_hash, kind="stable")
        object.__setattr__(self, "_order", order)
        object.__setattr__(self, "_sorted", self.class_hash[order])
        known = dict(zip(self.class_hash.tolist(), self.meaning.tolist(), strict=True))
        object.__setattr__(self, "_by_hash", known)

    # --- many points --------------------------------------------------------------------------

    def codes(self, lon: Floats, lat: Floats) -> Codes:
        """Return the combination of each point (degrees), `UNKNOWN` or `OUTSIDE`."""
        codes = np.empty(len(lon), dtype=np.int32)
        for start in range(0, len(lon), _BLOCK):
            block = slice(start, start + _BLOCK)
            codes[block] = self._block(lon[block], lat[block])
        return codes

    def _block(self, lon: Floats, lat: Floats) -> Codes:
        with np.errstate(invalid="ignore", over="ignore"):
            column = lon * CELLS_PER_DEGREE
            column -= self.west
            row = lat * CELLS_PER_DEGREE
            row -= self.south
            within = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
            cell = row.astype(np.int32)
            cell *= np.int32(self.columns)
            cell += column.astype(np.int32)
        if within.all():
            return self._settle(lon, lat, cell)
        codes = np.full(len(lon), OUTSIDE, dtype=np.int32)
        codes[within] = self._settle(lon[within], lat[within], cell[within])
        return codes

    def _settle(self, lon: Floats, lat: Floats, cell: Codes) -> Codes:
        codes = self.cells.take(cell)
        mixed = np.flatnonzero(codes >= len(self.class_hash))
        if not len(mixed):
            return self.meaning.take(codes)
        number = codes[mixed] - len(self.class_hash)
        codes[mixed] = 0
        codes = self.meaning.take(codes)
        found, is_sure = self.mixed(lon[mixed], lat[mixed], cell[mixed], number)
        codes[mixed] = np.where(is_sure, self._named(found), UNKNOWN)
        return codes

    def mixed(self, lon: Floats, lat: Floats, cell: Codes, number: Codes) -> tuple[Hashes, Bools]:
        """Return the hashes of points in mixed cells, and whether each is sure."""
        origin = self.references(cell, self.reference[number])
        point, pair = spread(self.starts[number], self.starts[number + 1])
        edges, edge_hash, is_cut = self._beside
        kept = np.flatnonzero(reaches(edges[:, pair], lon[point]) | is_cut[pair])
        point, pair = point[kept], pair[kept]
        to = np.stack([lon[point], lat[point]])
        crossed, unsure = crossings(edges[:, pair], is_cut[pair], origin[:, point], to)
        found = self.class_hash[self.reference_class[number]]
        np.bitwise_xor.at(found, point[crossed], edge_hash[pair[crossed]])
        is_sure = np.ones(len(lon), dtype=np.bool_)
        is_sure[point[unsure]] = False
        return found, is_sure

    @cached_property
    def _beside(self) -> tuple[Floats, Hashes, Bools]:
        """The edges in the order of ``cell_edges``, so that each cell's lie together.

        With them their hashes, and whether they cross the parallel of the cell's reference point.
        """
        edges = self.edges[:, self.cell_edges]
        level = np.repeat(self.references(self._mixed, self.reference)[1], np.diff(self.starts))
        return edges, self.edge_hash[self.cell_edges], (edges[1] <= level) != (edges[3] <= level)

    @cached_property
    def _mixed(self) -> Ints:
        """The mixed cells, ascending."""
        return np.flatnonzero(self.cells >= len(self.class_hash))

    def is_clear(self, west: Floats, south: Floats, east: Floats, north: Floats) -> Bools:
        """Tell which boxes (degrees) are surely touched by no outline; all of one class then.

        A box of more than 64 rows of cells is never called clear.
        """
        first, last = _cells(south, self.south, self.rows), _cells(north, self.south, self.rows)
        left, right = _cells(west, self.west, self.columns), _cells(east, self.west, self.columns)
        clear = last - first < _MOST_ROWS
        for step in range(int((last - first).max(initial=0, where=clear)) + 1):
            asked = np.flatnonzero(clear & (first + step <= last))
            begin = (first[asked] + step) * self.columns
            found = np.searchsorted(self._mixed, begin + left[asked])
            clear[asked] = found == np.searchsorted(self._mixed, begin + right[asked], side="right")
        return clear

    def _named(self, found: Hashes) -> Codes:
        at = np.searchsorted(self._sorted, found)
        at[at == len(self._sorted)] = 0
        meant = self.meaning[self._order[at]]
        return np.where(self._sorted[at] == found, meant, UNKNOWN).astype(np.int32)

    def references(self, cell: npt.NDArray[Any], choice: npt.NDArray[np.uint8]) -> Floats:
        """Return the reference points of cells, as rows of longitudes and latitudes."""
        row, column = np.divmod(cell, self.columns)
        corner = np.stack([column + self.west, row + self.south]).astype(np.float64)
        points: Floats = (corner + REFERENCES[choice].T) / CELLS_PER_DEGREE
        return points

    # --- one point ----------------------------------------------------------------------------

    def code(self, lon: float, lat: float) -> int:
        """Return the same for one point, without the cost of arrays."""
        column, row = lon * CELLS_PER_DEGREE - self.west, lat * CELLS_PER_DEGREE - self.south
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return OUTSIDE
        cell = int(row) * self.columns + int(column)
        code: int = self.cells.item(cell)
        number = code - len(self.class_hash)
        return self.meaning.item(code) if number < 0 else self._one(lon, lat, cell, number)

    def _one(self, lon: float, lat: float, cell: int, number: int) -> int:
        row, column = divmod(cell, self.columns)
        east, north = _REFERENCES[self.reference.item(number)]
        x = (column + self.west + east) / CELLS_PER_DEGREE
        y = (row + self.south + north) / CELLS_PER_DEGREE
        found: int = self.class_hash.item(self.reference_class.item(number))
        edges, edge_hash, is_cut = self._beside
        first, last = self.starts.item(number), self.starts.item(number + 1)
        touching = zip(edges[:, first:last].T.tolist(), is_cut[first:last].tolist(), strict=True)
        for pair, (edge, is_level) in enumerate(touching, first):
            if is_level or edge[0] <= lon <= edge[2]:
                side = crosses(edge, is_level, (x, y), (lon, lat))
                if side is None:
                    return UNKNOWN
                if side:
                    found ^= edge_hash.item(pair)
        return self._by_hash.get(found, UNKNOWN)


def _cells(degrees: Floats, first: int, cells: int) -> Ints:
    """Return the row or column of each coordinate, the nearest for one beyond the grid."""
    place = np.floor(degrees * CELLS_PER_DEGREE) - first
    return np.asarray(np.clip(place, 0, cells - 1), dtype=np.int64)


def spread(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return (i, j) for each i and each j from ``first[i]`` up to ``last[i]``, ascending."""
    length = last - first
    owner = np.repeat(np.arange(len(length)), length)
    skipped = np.cumsum(length) - length
    return owner, np.arange(len(owner)) + np.repeat(first - skipped, length)
