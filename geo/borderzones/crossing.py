"""Where and when somebody who moves is expected to cross a border."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
from attrs import frozen

from borderzones.arrays import Floats
from borderzones.local import Around
from borderzones.tracks import HALF, Motion
from borderzones.zones import Zones

#: Where somebody will be later than that is anybody's guess.
HORIZON = timedelta(minutes=30)
# Points of the way are looked up so many metres apart, and what lies between is halved so often
# that 0.04 m are left.
_STEP_M, _HALVINGS = 5.0, 7


@frozen
class Crossing:
    """The first crossing of a border that lies ahead, in degrees (EPSG:4326).

    Time and place are right within ``error_s`` seconds and ``error_m`` metres, each 19 times in
    20. ``before`` and ``after`` are the countries on either side of it, in alphabetical order: two
    where two claim. ``is_certain`` says that they cross into the same countries even if the
    course is as wrong as it may be; else the errors are those of the courses that do cross.
    """

    at: datetime
    lon: float
    lat: float
    error_s: float
    error_m: float
    before: tuple[str, ...]
    after: tuple[str, ...]
    is_certain: bool


@frozen
class _Met:
    metres: float
    lon: float
    lat: float
    before: tuple[str, ...]
    after: tuple[str, ...]


def crossing(zones: Zones, motion: Motion, within: timedelta = HORIZON) -> Crossing | None:
    """Return the crossing that a motion leads to, straight on; none where there is none in time.

    There is none either for whoever may as well stand still. Leaving all countries is no crossing.
    A country that is left again after less than 5 m may be missed.
    """
    if motion.course_deg is None:
        return None
    reach_m = motion.speed_mps * within.total_seconds()
    met = _met(zones, motion, motion.course_deg, reach_m)
    return None if met is None else _crossing(zones, motion, met, reach_m)


def _crossing(zones: Zones, motion: Motion, met: _Met, reach_m: float) -> Crossing:
    assert motion.course_deg is not None
    at = motion.at + timedelta(seconds=met.metres / motion.speed_mps)
    aside_m = HALF * motion.deviation_m(at)
    turn_deg = math.degrees(math.atan2(aside_m, met.metres))
    courses = motion.course_deg - turn_deg, motion.course_deg + turn_deg
    sides = [_met(zones, motion, course, reach_m + aside_m) for course in courses]
    others = [side for side in sides if side is not None and side.after == met.after]
    sooner_m = max((abs(side.metres - met.metres) for side in others), default=0.0)
    return Crossing(
        at=at,
        lon=met.lon,
        lat=met.lat,
        error_s=math.hypot(aside_m, sooner_m) / motion.speed_mps,
        error_m=max([aside_m, *_apart_m(met, others)]),
        before=met.before,
        after=met.after,
        is_certain=len(others) == len(sides),
    )


def _met(zones: Zones, motion: Motion, course_deg: float, reach_m: float) -> _Met | None:
    """Return the first border on a straight way."""
    way = _Way.of(motion, course_deg)
    metres = np.append(np.arange(0.0, reach_m, _STEP_M), reach_m)
    found = zones.classify(*way.points(metres))
    names = [one.countries for one in found.combinations]
    has_country = np.array([bool(one) for one in names] + [False])
    # Codes differ where zones do; countries are compared once for each pair of neighbours.
    known = np.flatnonzero(has_country[found.codes])
    codes = found.codes[known]
    for i in np.flatnonzero(codes[1:] != codes[:-1]).tolist():
        before, after = names[codes[i]], names[codes[i + 1]]
        if before != after:
            return _halved(zones, way, (metres[known[i]], metres[known[i + 1]]), before)
    return None


def _halved(zones: Zones, way: _Way, between: tuple[float, float], before: tuple[str, ...]) -> _Met:
    near, far = between
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        is_before = way.countries(zones, middle) in (before, ())
        near, far = (middle, far) if is_before else (near, middle)
    lon, lat = way.points(np.array([far]))
    return _Met(far, lon.item(), lat.item(), before, way.countries(zones, far))


@frozen
class _Way:
    """A geodesic from a point, on a course whose east and north parts are given."""

    around: Around
    east: float
    north: float

    @classmethod
    def of(cls, motion: Motion, course_deg: float) -> _Way:
        course = math.radians(course_deg)
        return cls(Around(motion.lon, motion.lat), math.sin(course), math.cos(course))

    def points(self, metres: Floats) -> tuple[Floats, Floats]:
        return self.around.to_degrees(metres * self.east, metres * self.north)

    def countries(self, zones: Zones, metres: float) -> tuple[str, ...]:
        lon, lat = self.points(np.array([metres]))
        found = zones.at(lon.item(), lat.item())
        return found.countries if found else ()


def _apart_m(met: _Met, others: list[_Met]) -> list[float]:
    here = Around(met.lon, met.lat)
    east, north = here.to_metres([one.lon for one in others], [one.lat for one in others])
    metres: list[float] = np.hypot(east, north).tolist()
    return metres
