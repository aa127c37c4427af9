"""Types of the arrays that the package computes with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Shapely geometries.
Geometries = npt.NDArray[np.object_]
