"""A Kalman filter for nearly constant velocity in a plane, which leaves out what cannot be.

East and north are filtered apart, with the same variances: positions come with one radius for all
directions. Metres and seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from attrs import frozen

#: Square of the distance, in standard deviations, within which 999 of 1,000 positions lie.
PLAUSIBLE = 13.8
# Spectral density of the acceleration, m²/s³: the speed changes by some 0.7 m/s within 5 s, and
# by some 2.5 m/s within a minute, as on a road without crossings.
_RESTLESSNESS = 0.1
# Standard deviation of a speed of which nothing is known, m/s.
_ANY_SPEED = 30.0
# So many positions in a row, which agree, are believed against all before them.
_CONVINCING = 3

Pair = tuple[float, float]


@frozen
class Observed:
    """A position in metres at a second, with its variance (m²) along any direction."""

    at: float
    place: Pair
    variance: float


@frozen
class State:
    """Place and velocity at a second, after ``used`` positions.

    ``variances`` are those of place (m²), of place and speed (m²/s) and of speed (m²/s²).
    """

    at: float
    place: Pair
    velocity: Pair
    variances: tuple[float, float, float]
    used: int

    @classmethod
    def of(cls, first: Observed) -> Self:
        """Begin with a position alone."""
        return cls(first.at, first.place, (0.0, 0.0), (first.variance, 0.0, _ANY_SPEED**2), 1)

    def ahead(self, seconds: float) -> State:
        """Return what is expected so many seconds later."""
        (x, y), (vx, vy), (place, both, speed) = self.place, self.velocity, self.variances
        noise = _RESTLESSNESS * seconds
        variances = (
            place + 2 * seconds * both + seconds**2 * speed + noise * seconds**2 / 3,
            both + seconds * speed + noise * seconds / 2,
            speed + noise,
        )
        moved = x + vx * seconds, y + vy * seconds
        return State(self.at + seconds, moved, self.velocity, variances, self.used)

    def with_position(self, seen: Observed) -> State | None:
        """Correct the state by a later position; none where it makes that impossible."""
        before = self.ahead(seen.at - self.at)
        (x, y), (vx, vy), (place, both, speed) = before.place, before.velocity, before.variances
        dx, dy = seen.place[0] - x, seen.place[1] - y
        total = place + seen.variance
        if dx**2 + dy**2 > PLAUSIBLE * total:
            return None
        gain, gain_speed = place / total, both / total
        return State(
            seen.at,
            (x + gain * dx, y + gain * dy),
            (vx + gain_speed * dx, vy + gain_speed * dy),
            (place * (1 - gain), both * (1 - gain), speed - gain_speed * both),
            self.used + 1,
        )


def filtered(seen: Sequence[Observed]) -> State:
    """Filter positions, one at least and in the order of time.

    One that cannot be is left out. Where three in a row agree with each other and not with those
    before, or two with each other and not with the only one, the motion begins anew with them.
    """
    state, doubtful = State.of(seen[0]), list[Observed]()
    for one in seen[1:]:
        if (corrected := state.with_position(one)) is not None:
            state, doubtful = corrected, []
            continue
        doubtful.append(one)
        needed = min(_CONVINCING, state.used + 1)
        if len(doubtful) >= needed and (fresh := _agreed(doubtful[-needed:])) is not None:
            state, doubtful = fresh, []
    return state


def _agreed(seen: Sequence[Observed]) -> State | None:
    state: State | None = State.of(seen[0])
    for one in seen[1:]:
        state = state.with_position(one) if state else None
    return state
