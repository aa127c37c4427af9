"""A grid of classes as the few arrays that it can be made from again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from attrs import frozen

from borderzones.arrays import Bools, Ints
from borderzones.grid import Codes, Grid, hashes

Arrays = Mapping[str, npt.NDArray[Any]]
_UNITS_PER_DEGREE = 1e7


@frozen(eq=False)
class Packed:
    """A grid and the areas of each of its classes, as (classes, areas)."""

    grid: Grid
    inside: Bools

    def arrays(self) -> Arrays:
        """Return the arrays to keep: 32-bit integers, and bytes."""
        grid = self.grid
        mixed = np.flatnonzero(grid.cells >= len(self.inside))
        first, length = gaps(mixed, len(grid.cells))
        numbers, areas = np.nonzero(self.inside)
        return {
            "frame": _ints([grid.west, grid.south, grid.columns, grid.rows]),
            "mixed": _steps(mixed),
            "gaps": _ints(np.where(length, grid.cells.take(first, mode="clip"), 0)),
            "reference": grid.reference,
            "reference_class": _ints(grid.reference_class),
            "edges_of_cells": _ints(np.diff(grid.starts)),
            "cell_edges": _steps(grid.cell_edges),
            "edges": _steps(np.rint(grid.edges * _UNITS_PER_DEGREE)),
            "edge_hash": grid.edge_hash,
            "shape": _ints(self.inside.shape),
            "classes": _steps(numbers),
            "areas": _ints(areas),
        }

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Make the grid again."""
        inside = np.zeros(arrays["shape"], dtype=np.bool_)
        inside[np.cumsum(arrays["classes"]), arrays["areas"]] = True
        west, south, columns, rows = arrays["frame"].tolist()
        mixed = np.cumsum(arrays["mixed"], dtype=np.int64)
        grid = Grid(
            west=west,
            south=south,
            columns=columns,
            rows=rows,
            cells=laid_out(mixed, arrays["gaps"], len(inside), columns * rows),
            class_hash=combined(inside),
            meaning=np.arange(len(inside), dtype=np.int32),
            reference=arrays["reference"],
            reference_class=arrays["reference_class"],
            starts=np.cumsum(np.append(0, arrays["edges_of_cells"])),
            cell_edges=np.cumsum(arrays["cell_edges"], dtype=np.int32),
            edges=np.cumsum(arrays["edges"].reshape(4, -1), axis=1) / _UNITS_PER_DEGREE,
            edge_hash=arrays["edge_hash"],
        )
        return cls(grid, inside)


def combined(inside: Bools) -> npt.NDArray[np.uint64]:
    """Return the hash of each combination of areas, the rows of ``inside``."""
    combination, area = np.nonzero(inside)
    hashed: npt.NDArray[np.uint64] = np.zeros(len(inside), dtype=np.uint64)
    np.bitwise_xor.at(hashed, combination, hashes(inside.shape[1])[area])
    return hashed


def gaps(mixed: Ints, cells: int) -> tuple[Ints, Ints]:
    """Return first cell and length of each gap: before each mixed cell, and after the last."""
    first = np.append(0, mixed + 1)
    return first, np.append(mixed, cells) - first


def laid_out(mixed: Ints, in_gaps: Codes, classes: int, cells: int) -> Codes:
    """Lay out all cells: gaps with the class of each, and the mixed cells between them."""
    _, length = gaps(mixed, cells)
    values = np.empty(2 * len(length) - 1, dtype=np.int32)
    values[::2] = in_gaps
    values[1::2] = classes + np.arange(len(mixed))
    lengths = np.ones(len(values), dtype=np.int64)
    lengths[::2] = length
    return np.repeat(values, lengths)


def _ints(values: npt.ArrayLike) -> npt.NDArray[np.int32]:
    return np.asarray(values).astype("<i4")


def _steps(values: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    return _ints(np.diff(values, axis=-1, prepend=np.zeros_like(values[..., :1])))
