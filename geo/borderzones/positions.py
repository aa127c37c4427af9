"""Which circles are usable at all, and why the others are not."""

from __future__ import annotations

import numpy as np

from borderzones.arrays import Bools, Floats
from borderzones.look import Reason

MAX_RADIUS_M = 50_000.0
_NULL_ISLAND_DEG = 1e-3


def unusable(lon: Floats, lat: Floats, radius_m: Floats) -> list[Reason]:
    """Return, per circle, why it is no place, or an empty string.

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
    reasons: list[Reason] = [""] * len(lon)
    for reason, bad in reversed(checks):
        for i in np.flatnonzero(bad):
            reasons[i] = reason
    return reasons
