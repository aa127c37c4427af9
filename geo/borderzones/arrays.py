"""The arrays that the package computes with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Shapely geometries.
Geometries = npt.NDArray[np.object_]


def together(*values: npt.ArrayLike) -> list[Floats]:
    """Return numbers and arrays as arrays of one shape (points,)."""
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values))
    return [np.atleast_1d(array).ravel() for array in arrays]
