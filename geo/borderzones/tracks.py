"""A moving unit or caller: its positions, and the motion that they add up to.

Positions jitter, come late, out of order or from somewhere else entirely. The motion is that of a
Kalman filter for nearly constant velocity (white noise acceleration; Bar-Shalom, Li and
Kirubarajan 2001, section 6.2) over the latest positions, in the order of their times. A position
that the motion so far makes impossible is left out, unless later ones confirm it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

import numpy as np
from attrs import evolve, field, frozen

from borderzones.errors import FixError
from borderzones.kalman import PLAUSIBLE, Observed, State, filtered
from borderzones.local import Around
from borderzones.positions import unusable

#: Older positions say nothing of the motion of now.
WINDOW = timedelta(minutes=10)
_MOST = 64
# No receiver of a vehicle or telephone is truer than this, whatever it says.
_LEAST_RADIUS_M = 5.0
#: Half the interval that holds 95 % of a normal distribution on a line, in standard deviations.
HALF = 1.96
# Radius of the circle that holds 95 % of one in a plane.
_RADIUS = math.sqrt(-2 * math.log(0.05))


@frozen
class Fix:
    """A position: degrees (EPSG:4326), and the radius in metres that is right 19 times in 20.

    Raises:
        FixError: ``at`` has no offset from UTC.
    """

    lon: float
    lat: float
    radius_m: float
    at: datetime = field()

    @at.validator
    def _has_offset(self, _attribute: object, at: datetime) -> None:
        if at.tzinfo is None:
            raise FixError(f"at: {at} has no offset. Give it one, as in {at}+00:00.")


@frozen
class Track:
    """The latest positions of one unit or caller, by time; 64 of them at most."""

    fixes: tuple[Fix, ...] = ()

    def with_fix(self, fix: Fix) -> Self:
        """Return the track with one position more, wherever its time puts it.

        What is no place is left out. Of two positions of one time the truer stays.
        """
        if unusable(*(np.array([value]) for value in (fix.lon, fix.lat, fix.radius_m)))[0]:
            return self
        same = [one for one in self.fixes if one.at == fix.at]
        best = min((fix, *same), key=lambda one: (one.radius_m, one.lon, one.lat))
        others = [one for one in self.fixes if one.at != fix.at]
        ordered = sorted((*others, best), key=lambda one: one.at)
        return evolve(self, fixes=tuple(ordered[-_MOST:]))


@frozen
class Motion:
    """How somebody moved at the time ``at``, the latest that is known.

    The position is right within ``radius_m``, the speed (metres a second) within
    ``speed_error_mps`` and the course (degrees clockwise from north) within ``course_error_deg``,
    each 19 times in 20. Who may as well stand still has no course. ``used`` is the number of
    positions that this follows from. ``variances`` are those of position (m²), of position and
    speed (m²/s) and of speed (m²/s²), along any direction.
    """

    at: datetime
    lon: float
    lat: float
    radius_m: float
    speed_mps: float
    speed_error_mps: float
    course_deg: float | None
    course_error_deg: float | None
    used: int
    variances: tuple[float, float, float]

    def ahead(self, at: datetime) -> Fix:
        """Return where one expects them at a later time, and within what radius.

        Whoever has no course is expected where they are.
        """
        east, north = self._ahead(at).place
        lon, lat = Around(self.lon, self.lat).to_degrees([east], [north])
        return Fix(lon.item(), lat.item(), _RADIUS * self.deviation_m(at), at)

    def deviation_m(self, at: datetime) -> float:
        """Return the standard deviation, along any direction, of the place expected at a time."""
        return math.sqrt(self._ahead(at).variances[0])

    def _ahead(self, at: datetime) -> State:
        now = State(0.0, (0.0, 0.0), self._velocity, self.variances, self.used)
        return now.ahead((at - self.at).total_seconds())

    @property
    def _velocity(self) -> tuple[float, float]:
        if self.course_deg is None:
            return 0.0, 0.0
        course = math.radians(self.course_deg)
        return self.speed_mps * math.sin(course), self.speed_mps * math.cos(course)


def motion(track: Track, now: datetime) -> Motion | None:
    """Return the motion at the time of the latest position; none for less than two positions.

    Positions of the future and those of more than 10 minutes ago do not count.
    """
    recent = [fix for fix in track.fixes if now - WINDOW <= fix.at <= now]
    if len(recent) < 2:
        return None
    # The middle is not moved by a single position from elsewhere.
    here = Around(
        float(np.median([fix.lon for fix in recent])), float(np.median([fix.lat for fix in recent]))
    )
    return _motion(filtered(_observed(recent, here)), here, recent[-1].at)


def _observed(fixes: Sequence[Fix], here: Around) -> list[Observed]:
    east, north = here.to_metres([fix.lon for fix in fixes], [fix.lat for fix in fixes])
    places = zip(east.tolist(), north.tolist(), strict=True)
    return [
        Observed(
            (fix.at - fixes[-1].at).total_seconds(),
            place,
            (max(fix.radius_m, _LEAST_RADIUS_M) / _RADIUS) ** 2,
        )
        for fix, place in zip(fixes, places, strict=True)
    ]


def _motion(state: State, here: Around, latest: datetime) -> Motion:
    lon, lat = here.to_degrees([state.place[0]], [state.place[1]])
    east, north = state.velocity
    speed, deviation = math.hypot(east, north), math.sqrt(state.variances[2])
    moves = speed**2 > PLAUSIBLE * deviation**2
    return Motion(
        at=latest + timedelta(seconds=state.at),
        lon=lon.item(),
        lat=lat.item(),
        radius_m=_RADIUS * math.sqrt(state.variances[0]),
        speed_mps=speed,
        speed_error_mps=HALF * deviation,
        course_deg=math.degrees(math.atan2(east, north)) % 360 if moves else None,
        course_error_deg=math.degrees(math.atan2(HALF * deviation, speed)) if moves else None,
        used=state.used,
        variances=state.variances,
    )
