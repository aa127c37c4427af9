"""Makes the grid of classes from the areas of a zone file."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
import shapely
from attrs import evolve, frozen

from borderzones.arrays import Bools, Floats, Geometries, Ints
from borderzones.errors import SourceError
from borderzones.grid import (
    CELLS_PER_DEGREE,
    REFERENCES,
    Grid,
    Hashes,
    hashes,
    spread,
)
from borderzones.index import Index
from borderzones.packing import Packed, combined, gaps, laid_out
from borderzones.ways import ROUNDING, orientation
from borderzones.zonefile import UNITS_PER_DEGREE

# A cell in units of the file, and how far beyond its sides an outline still counts as touching it:
# no rounding puts a point into a cell that is farther away than that.
_CELL = round(UNITS_PER_DEGREE / CELLS_PER_DEGREE)
_MARGIN = 2
# How far beside an outline its two neighbouring faces are looked for, in degrees.
_BESIDE = 2e-9
_BLOCK = 20_000


@frozen(eq=False)
class Outlines:
    """The distinct edges of all areas, in units of the file: rows x1, y1, x2, y2, shape (4, n).

    ``hash`` is what crossing each changes; edges whose areas cancel out are left away.
    """

    ends: Ints
    hash: Hashes

    @classmethod
    def of(cls, polygons: Geometries) -> Self:
        """Collect the edges of all ``polygons``; one that several areas share stands once."""
        ends, owner = _edges(polygons)
        order = np.lexsort(ends[::-1])
        ends, owner = ends[:, order], owner[order]
        is_new = np.append(True, (ends[:, 1:] != ends[:, :-1]).any(axis=0))
        changes = np.bitwise_xor.reduceat(hashes(len(polygons))[owner], np.flatnonzero(is_new))
        counts = changes != 0
        return cls(ends[:, is_new][:, counts], changes[counts])


@frozen(eq=False)
class Plot:
    """Where the grid lies and what touches its cells.

    ``mixed`` are the numbers of the cells that an edge touches, ascending; the edges of the i-th
    are ``cell_edges`` from ``starts[i]`` to ``starts[i + 1]``. A ring of empty cells lies all
    around, so that all cells between two mixed ones are of one class, from one row to the next.
    """

    west: int
    south: int
    columns: int
    rows: int
    mixed: Ints
    starts: Ints
    cell_edges: Ints

    @classmethod
    def of(cls, outlines: Outlines) -> Self:
        """Lay the grid around all outlines."""
        row, column, edge = _touching(outlines)
        west, south = int(column.min()) - 1, int(row.min()) - 1
        columns, rows = int(column.max()) + 2 - west, int(row.max()) + 2 - south
        mixed, starts = np.unique((row - south) * columns + column - west, return_index=True)
        return cls(west, south, columns, rows, mixed, np.append(starts, len(edge)), edge)


@frozen(eq=False)
class Classes:
    """Combinations of areas: their hashes, ascending, and the areas of each, (classes, areas)."""

    hash: Hashes
    inside: Bools

    @classmethod
    def of(cls, hashed: Hashes, inside: Bools) -> Self:
        """Keep each combination once."""
        distinct, once = np.unique(hashed, return_index=True)
        return cls(distinct, inside[once])

    def __add__(self, other: Self) -> Self:
        return self.of(
            np.concatenate([self.hash, other.hash]), np.concatenate([self.inside, other.inside])
        )


def make(polygons: Geometries, index: Index) -> Packed:
    """Make the grid over the areas of ``index``.

    ``polygons`` are those areas, on the file's grid of 1e-7 degree.

    Raises:
        SourceError: the outlines do not enclose what the polygons say they do.
    """
    outlines = Outlines.of(polygons)
    plot = Plot.of(outlines)
    draft = _draft(outlines, plot)
    in_gaps, reached = _ask(index, _centres(plot))
    at_references, seen = _ask(index, draft.references(plot.mixed, draft.reference))
    classes = reached + seen
    known = _numbered(draft, plot, classes, in_gaps, at_references)
    classes = classes + _found_beside(known, plot, index)
    return Packed(_numbered(draft, plot, classes, in_gaps, at_references), classes.inside)


def _draft(outlines: Outlines, plot: Plot) -> Grid:
    """Make a grid without classes."""
    none = np.zeros(0, dtype=np.int32)
    grid = Grid(
        west=plot.west,
        south=plot.south,
        columns=plot.columns,
        rows=plot.rows,
        cells=none,
        class_hash=none.astype(np.uint64),
        meaning=none,
        reference=np.zeros(len(plot.mixed), dtype=np.uint8),
        reference_class=none,
        starts=plot.starts,
        cell_edges=plot.cell_edges.astype(np.int32),
        edges=outlines.ends / UNITS_PER_DEGREE,
        edge_hash=outlines.hash,
    )
    return evolve(grid, reference=_chosen(grid, plot))


def _chosen(grid: Grid, plot: Plot) -> npt.NDArray[np.uint8]:
    """Choose for each mixed cell a reference point that is clearly beside every edge."""
    cell, pair = spread(plot.starts[:-1], plot.starts[1:])
    clear = []
    for choice in range(len(REFERENCES)):
        same = np.full(len(plot.mixed), choice, dtype=np.uint8)
        origin = grid.references(plot.mixed, same)[:, cell]
        ax, ay, bx, by = grid.edges[:, plot.cell_edges[pair]] - np.concatenate([origin, origin])
        size = 1 / CELLS_PER_DEGREE + np.abs(ax) + np.abs(ay) + np.abs(bx) + np.abs(by)
        beside = np.abs(orientation(bx - ax, by - ay, -ax, -ay)) > ROUNDING * size * size
        clear.append(np.logical_and.reduceat(beside, plot.starts[:-1]))
    if not np.any(clear, axis=0).all():
        raise SourceError("An outline runs through every reference point of a cell. Thin it out.")
    chosen: npt.NDArray[np.uint8] = np.argmax(clear, axis=0).astype(np.uint8)
    return chosen


def _centres(plot: Plot) -> Floats:
    """Return a point in the middle cell of each gap; of an empty one, in a cell beyond it."""
    first, length = gaps(plot.mixed, plot.columns * plot.rows)
    row, column = np.divmod(first + length // 2, plot.columns)
    points: Floats = (np.stack([column + plot.west, row + plot.south]) + 0.5) / CELLS_PER_DEGREE
    return points


def _ask(index: Index, points: Floats) -> tuple[Hashes, Classes]:
    """Ask the polygons themselves for the hashes of points, and for the classes that occur."""
    hashed, classes = [], []
    for start in range(0, max(points.shape[1], 1), _BLOCK):
        inside = index.contains(*points[:, start : start + _BLOCK])
        found = combined(inside)
        hashed.append(found)
        classes.append(Classes.of(found, inside))
    return np.concatenate(hashed), sum(classes[1:], start=classes[0])


def _numbered(
    draft: Grid, plot: Plot, classes: Classes, in_gaps: Hashes, at_references: Hashes
) -> Grid:
    """Put the numbers of classes into a grid."""
    numbers = np.searchsorted(classes.hash, in_gaps).astype(np.int32)
    return evolve(
        draft,
        cells=laid_out(plot.mixed, numbers, len(classes.hash), plot.columns * plot.rows),
        class_hash=classes.hash,
        meaning=np.arange(len(classes.hash), dtype=np.int32),
        reference_class=np.searchsorted(classes.hash, at_references).astype(np.int32),
    )


def _found_beside(grid: Grid, plot: Plot, index: Index) -> Classes:
    """Find the classes that occur only within mixed cells: each is on some side of some edge."""
    cell, points = _beside(grid, plot)
    lon, lat = points
    hashed, is_sure = grid.mixed(lon, lat, plot.mixed[cell].astype(np.int32), cell.astype(np.int32))
    is_new = is_sure & ~np.isin(hashed, grid.class_hash)
    distinct, once = np.unique(hashed[is_new], return_index=True)
    asked, classes = _ask(index, points[:, is_new][:, once])
    if not np.array_equal(asked, distinct):
        at = np.flatnonzero(is_new)[once][np.argmax(asked != distinct)]
        raise SourceError(
            f"{lon[at]:.7f} E {lat[at]:.7f} N: outlines and areas disagree. Mend the rings there."
        )
    return classes


def _beside(grid: Grid, plot: Plot) -> tuple[Ints, Floats]:
    """Return points on both sides of each edge within each cell that it runs through."""
    cell, pair = spread(plot.starts[:-1], plot.starts[1:])
    row, column = np.divmod(plot.mixed[cell], plot.columns)
    low = np.stack([column + plot.west, row + plot.south]) / CELLS_PER_DEGREE
    x1, y1, x2, y2 = grid.edges[:, plot.cell_edges[pair]]
    start, way = np.stack([x1, y1]), np.stack([x2 - x1, y2 - y1])
    first, last = _clipped(start, way, low, low + 1 / CELLS_PER_DEGREE)
    middle = start + way * (first + last) / 2
    across = np.stack([-way[1], way[0]]) * (_BESIDE / np.hypot(*way))
    runs = first < last
    points = np.concatenate([(middle + across)[:, runs], (middle - across)[:, runs]], axis=1)
    cells = np.concatenate([cell[runs], cell[runs]])
    row, column = np.divmod(plot.mixed[cells], plot.columns)
    corner = np.stack([column + plot.west, row + plot.south])
    within = (np.floor(points * CELLS_PER_DEGREE) == corner).all(axis=0)
    return cells[within], points[:, within]


def _clipped(start: Floats, way: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return from where to where, as shares of their ways, edges run within boxes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.sort(np.stack([(low - start) / way, (high - start) / way]), axis=0)
    # An edge along an axis is within the box all along, or not at all; the latter is no matter.
    ends = np.where(way == 0, np.array([-np.inf, np.inf])[:, None, None], ends)
    return np.clip(ends[0].max(axis=0), 0, 1), np.clip(ends[1].min(axis=0), 0, 1)


def _edges(polygons: Geometries) -> tuple[Ints, Ints]:
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    units = np.rint(lonlat.T * UNITS_PER_DEGREE).astype(np.int64)
    # A vertex that stands twice, as rounding may leave it, bounds nothing.
    within = (ring[1:] == ring[:-1]) & (units[:, 1:] != units[:, :-1]).any(axis=0)
    ends = np.concatenate([units[:, :-1], units[:, 1:]])[:, within]
    backwards = (ends[0] > ends[2]) | ((ends[0] == ends[2]) & (ends[1] > ends[3]))
    ends[:, backwards] = ends[:, backwards][[2, 3, 0, 1]]
    return ends, part_owner[ring_part][ring[:-1][within]]


def _touching(outlines: Outlines) -> tuple[Ints, Ints, Ints]:
    """Return (row, column, edge) of each cell that an edge touches, ordered."""
    x1, y1, x2, y2 = outlines.ends
    edge, column = spread((x1 - _MARGIN) // _CELL, (x2 + _MARGIN) // _CELL + 1)
    west, east = column * _CELL - _MARGIN, (column + 1) * _CELL + _MARGIN
    slope = np.divide(y2 - y1, x2 - x1, out=np.zeros(len(x1)), where=x2 > x1)[edge]
    at = [
        np.clip(
            y1[edge] + slope * (np.clip(x, x1[edge], x2[edge]) - x1[edge]), *_between(y1, y2, edge)
        )
        for x in (west, east)
    ]
    upright = (x1 == x2)[edge]
    low = np.where(upright, np.minimum(y1, y2)[edge], np.minimum(*at))
    high = np.where(upright, np.maximum(y1, y2)[edge], np.maximum(*at))
    first = np.floor((low - _MARGIN) / _CELL).astype(np.int64)
    last = np.floor((high + _MARGIN) / _CELL).astype(np.int64)
    pair, row = spread(first, last + 1)
    order = np.lexsort((edge[pair], column[pair], row))
    return row[order], column[pair][order], edge[pair][order]


def _between(first: Ints, second: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    return np.minimum(first, second)[chosen], np.maximum(first, second)[chosen]
