"""Answers to many circles at once: arrays, and by its number the answer for each as a value."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from borderzones.arrays import Bools, Floats, Ints
from borderzones.look import CountryHit, Reason
from borderzones.positions import REASONS, Numbers


@frozen
class Border:
    """The border nearest to a point: ``metres`` to ``country``, by the rule of `Borders`.

    ``country`` is empty where no further country is within reach.
    """

    reason: Reason
    metres: float
    country: str


@frozen(eq=False)
class Borders:
    """For each point the signed distance to the nearest border, in metres on the ellipsoid.

    Positive: how far it is to the nearest country that the point is not in. Negative: the point is
    in two countries at once, and that is how far it is to where only one of them claims. Infinite
    where that is more than 65 km away, and not a number for what is no place. ``country`` is the
    number in ``countries`` of the country whose outline is the nearest, or -1; ``reason`` the
    number in `REASONS` of why a point is no place or beyond the data, or 0.
    """

    reason: Numbers
    metres: Floats
    country: Ints
    countries: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.metres)

    def __getitem__(self, number: int) -> Border:
        """Return the answer for one point."""
        nearest = int(self.country[number])
        return Border(
            REASONS[self.reason[number]],
            self.metres.item(number),
            self.countries[nearest] if nearest >= 0 else "",
        )


@frozen
class StripHit:
    """A strip of a border zone that a circle touches; ``certain`` when it lies in the strip whole.

    ``side`` is the country that the strip is in.
    """

    zone_id: str
    side: str
    certain: bool


@frozen
class Touch:
    """What one circle touches, and why it touches nothing."""

    reason: Reason
    countries: tuple[CountryHit, ...]
    zones: tuple[StripHit, ...]


@frozen(eq=False)
class Hits:
    """The areas of a layer that circles touch: those of the i-th are at ``first[i]:first[i + 1]``.

    ``area`` is a number in the layer, ascending for each circle, and ``certain`` says that the
    whole circle lies within it. What is not listed is not touched.
    """

    first: Ints
    area: Ints
    certain: Bools

    def of(self, number: int) -> list[tuple[int, bool]]:
        """Return the areas that one circle touches, each with whether that is certain."""
        own = slice(self.first[number], self.first[number + 1])
        return list(zip(self.area[own].tolist(), self.certain[own].tolist(), strict=True))

    def where(self, area: int) -> tuple[Ints, Bools]:
        """Return the circles that touch an area, ascending, and which are certain to be in it."""
        at = np.flatnonzero(self.area == area)
        return np.searchsorted(self.first, at, side="right") - 1, self.certain[at]


@frozen(eq=False)
class Touches:
    """For each circle the countries and the strips of zones that it touches.

    ``countries`` are numbers in ``country_names``, ``zones`` in ``strip_names``: pairs of a zone's
    id and the side, the country that the strip is in. ``reason`` is the number in `REASONS` of why
    a circle is no place or touches no country, or 0.
    """

    reason: Numbers
    countries: Hits
    zones: Hits
    country_names: tuple[str, ...]
    strip_names: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.reason)

    def __getitem__(self, number: int) -> Touch:
        """Return the answer for one circle."""
        return Touch(
            REASONS[self.reason[number]],
            tuple(CountryHit(self.country_names[i], sure) for i, sure in self.countries.of(number)),
            tuple(StripHit(*self.strip_names[i], sure) for i, sure in self.zones.of(number)),
        )


@frozen(eq=False)
class Shares:
    """Which share of each circle's area lies in which country, from 0 to 1.

    ``share`` has the shape (circles, countries), in the order of ``countries``. The shares of a
    circle add up to less than 1 where a part of it is in no country, to more where two claim. For a
    circle without a radius they are 1 for each country that contains it; for what is no place they
    are not numbers. ``reason`` is as in `Touches`.
    """

    reason: Numbers
    share: Floats
    countries: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.share)

    def __getitem__(self, number: int) -> dict[str, float]:
        """Return the shares of one circle that are not 0, by country; none for what is no place."""
        shares = zip(self.countries, self.share[number].tolist(), strict=True)
        return {country: share for country, share in shares if share > 0}
