"""Units that drive, as their receivers tell it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np

from borderzones.local import Around
from borderzones.tracks import Fix, Track

BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
# In Noord-Brabant, 12 km north of the border; and where a straight way south of it crosses.
MEADOW = Around(4.66, 51.54)


def after(seconds):
    """Return the time so many seconds after the beginning."""
    return BEGIN + timedelta(seconds=float(seconds))


def fixes(metres, seconds, radius_m=5.0, around=MEADOW):
    """Return positions from rows of metres to the east and north, at these seconds."""
    lon, lat = around.to_degrees(*np.asarray(metres, dtype=float).T)
    return [
        Fix(x, y, radius_m, after(when))
        for x, y, when in zip(lon.tolist(), lat.tolist(), seconds, strict=True)
    ]


def straight(course_deg, speed_mps, seconds):
    """Return rows of metres of a straight drive."""
    course = math.radians(course_deg)
    return np.outer(np.asarray(seconds) * speed_mps, [math.sin(course), math.cos(course)])


def jitter(chance, count, radius_m):
    """Return errors of which 19 in 20 are less than a radius."""
    return chance.normal(0, radius_m / math.sqrt(-2 * math.log(0.05)), (count, 2))


def track(told):
    """Return a track of positions, in the order in which they came."""
    made = Track()
    for fix in told:
        made = made.with_fix(fix)
    return made
