"""Which circles are usable at all, and why the others are not."""

from __future__ import annotations

from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from borderzones.arrays import Bools, Floats
from borderzones.look import Reason

MAX_RADIUS_M = 50_000.0
_NULL_ISLAND_DEG = 1e-3

#: Why a circle has no place in the data, by number; 0 is the empty reason of one that has.
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

Numbers = npt.NDArray[np.uint8]


def number_of(reason: Reason) -> int:
    """Return the number of a reason."""
    return REASONS.index(reason)


def unusable(lon: Floats, lat: Floats, radius_m: Floats) -> Numbers:
    """Return, per circle, the number in `REASONS` of why it is no place, or 0.

    Degrees (EPSG:4326) and metres. Null island is anything within 0.001 degree of (0, 0), since
    systems that lack a position often send zeros; a radius must be 0 to 50 km.
    """
    checks: list[tuple[Reason, Bools]] = [
        ("nan", np.isnan(lon) | np.isnan(lat)),
        ("infinite", np.isinf(lon) | np.isinf(lat)),
        ("out_of_range", (np.abs(lon) > 180) | (np.abs(lat) > 90)),
        ("null_island", (np.abs(lon) < _NULL_ISLAND_DEG) & (np.abs(lat) < _NULL_ISLAND_DEG)),
        ("radius", ~((radius_m >= 0) & (radius_m <= MAX_RADIUS_M))),
    ]
    numbers = np.zeros(len(lon), dtype=np.uint8)
    for reason, bad in reversed(checks):
        numbers[bad] = number_of(reason)
    return numbers
