"""Measures many circles at once; whatever no outline is near is answered by the grid alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Self, TypeVar

import numpy as np
from attrs import frozen

from borderzones.arrays import Bools, Floats, Ints
from borderzones.batches import Borders, Hits, Shares, Touches
from borderzones.circles import area_shares
from borderzones.classes import Combination
from borderzones.classifier import Classifier
from borderzones.index import Circles, Measured
from borderzones.layer import Layer
from borderzones.outlines import Outlines
from borderzones.positions import Numbers, number_of, unusable

T = TypeVar("T")

# Layers answer with tables of points times areas.
_BLOCK = 1_000
# Least metres of a degree of latitude on the ellipsoid, and of longitude at the equator.
_METRES_PER_DEGREE = 110_570.0


@frozen(eq=False)
class _Asked:
    """Circles with what is known of their centres.

    ``usable`` are the numbers of those that are places, ``circles`` these alone. ``in_countries``
    and ``in_strips`` tell, with shape (usable, areas), which areas contain the centres.
    """

    reason: Numbers
    usable: Ints
    circles: Circles
    in_countries: Bools
    in_strips: Bools


@frozen(eq=False)
class Survey:
    """Classes of points, and the outlines to measure from."""

    _classifier: Classifier
    _outlines: Outlines

    @classmethod
    def of(cls, classifier: Classifier) -> Self:
        """Prepare it; outlines are indexed when they are first needed."""
        return cls(classifier, Outlines(classifier.answers.index.countries))

    def borders(self, lon: Floats, lat: Floats) -> Borders:
        """Measure the signed distance to the nearest border, for points in degrees."""
        countries = self._classifier.answers.countries
        asked = self._asked(lon, lat, np.zeros(len(lon)))
        metres, country = np.full(len(lon), np.nan), np.full(len(lon), -1, dtype=np.int64)
        for own, among in _alike(asked.in_countries):
            is_shared = own.sum() > 1
            areas = frozenset(np.flatnonzero(own == is_shared).tolist())
            near = self._outlines.near(areas, asked.circles.lon[among], asked.circles.lat[among])
            least, nearest = near.least(len(among))
            metres[asked.usable[among]] = -least if is_shared else least
            country[asked.usable[among]] = nearest
        known = asked.in_countries | np.isfinite(metres[asked.usable, None])
        return Borders(self._reasons(asked, known), metres, country, countries)

    def touches(self, lon: Floats, lat: Floats, radius_m: Floats) -> Touches:
        """Tell what circles touch: centres in degrees, radii in metres."""
        answers = self._classifier.answers
        asked = self._asked(lon, lat, radius_m)
        beside = np.flatnonzero(~self._is_clear(asked.circles))
        countries = _touched(answers.index.countries, asked.circles, asked.in_countries, beside)
        zones = _touched(answers.index.strips, asked.circles, asked.in_strips, beside)
        return Touches(
            self._reasons(asked, countries[0]),
            _hits(*countries, asked),
            _hits(*zones, asked),
            answers.countries,
            self._strips,
        )

    def shares(self, lon: Floats, lat: Floats, radius_m: Floats) -> Shares:
        """Measure which share of each circle is in which country."""
        answers = self._classifier.answers
        asked = self._asked(lon, lat, radius_m)
        share = asked.in_countries.astype(np.float64)
        beside = np.flatnonzero(~self._is_clear(asked.circles))
        for some in _blocks(beside):
            share[some] = area_shares(answers.index.countries, asked.circles[some], share[some] > 0)
        every = np.full((len(lon), share.shape[1]), np.nan)
        every[asked.usable] = share
        return Shares(self._reasons(asked, share > 0), every, answers.countries)

    def _asked(self, lon: Floats, lat: Floats, radius_m: Floats) -> _Asked:
        reason = unusable(lon, lat, radius_m)
        usable = np.flatnonzero(reason == 0)
        circles = Circles(lon[usable], lat[usable], radius_m[usable])
        found = self._classifier.classify(circles.lon, circles.lat)
        more = self._tables(found.combinations[len(self._classifier.combinations) :])
        in_countries, in_strips = map(np.concatenate, zip(self._known, more, strict=True))
        return _Asked(reason, usable, circles, in_countries[found.codes], in_strips[found.codes])

    @cached_property
    def _strips(self) -> tuple[tuple[str, str], ...]:
        answers = self._classifier.answers
        return tuple(zip(answers.strip_zones, answers.strip_sides, strict=True))

    @cached_property
    def _known(self) -> tuple[Bools, Bools]:
        return self._tables(self._classifier.combinations)

    def _tables(self, combinations: Sequence[Combination]) -> tuple[Bools, Bools]:
        """Tell which countries and which strips are in each combination."""
        countries = self._classifier.answers.countries
        return (
            _table([one.countries for one in combinations], countries),
            _table([one.zones for one in combinations], self._strips),
        )

    def _is_clear(self, circles: Circles) -> Bools:
        """Tell which circles surely touch no outline; whoever has no radius touches nothing."""
        grid = self._classifier.grid
        if grid is None:
            return np.asarray(circles.radius_m == 0)
        up = circles.radius_m / _METRES_PER_DEGREE
        aside = up / np.cos(np.radians(np.abs(circles.lat) + up))
        box = (circles.lon - aside, circles.lat - up, circles.lon + aside, circles.lat + up)
        return np.asarray(grid.is_clear(*box) | (circles.radius_m == 0))

    def _reasons(self, asked: _Asked, known: Bools) -> Numbers:
        """Add why circles without any known country have none: beyond the data, or exchanged."""
        reason, lost = asked.reason.copy(), np.flatnonzero(~known.any(axis=1))
        circles = asked.circles[lost]
        swapped = self._classifier.classify(circles.lat, circles.lon).where(_is_in_a_country)
        reason[asked.usable[lost]] = np.where(swapped, number_of("swapped?"), number_of("outside"))
        return reason


def _table(holding: Sequence[Sequence[T]], areas: Sequence[T]) -> Bools:
    rows = [[area in held for area in areas] for held in holding]
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(areas))


def _is_in_a_country(combination: Combination) -> bool:
    return bool(combination.countries)


def _alike(inside: Bools) -> Iterator[tuple[Bools, Ints]]:
    """Yield each set of areas that occurs, with the points that are in just these."""
    kinds, kind = np.unique(inside, axis=0, return_inverse=True)
    for number, own in enumerate(kinds):
        yield own, np.flatnonzero(kind == number)


def _blocks(numbers: Ints) -> Iterator[Ints]:
    for start in range(0, len(numbers), _BLOCK):
        yield numbers[start : start + _BLOCK]


def _touched(layer: Layer, circles: Circles, inside: Bools, beside: Ints) -> tuple[Bools, Bools]:
    """Return which areas circles touch, and which hold them whole, measuring some of them.

    ``inside`` tells which areas contain the centres, and ``beside`` are the circles that an outline
    may touch: the others lie wholly where their centres do.
    """
    touched, certain = inside.copy(), inside.copy()
    for some in _blocks(beside):
        one = circles[some]
        outline_m = layer.outline_m(one.centres, one.radius_m)
        measured = Measured(one.radius_m, inside[some], outline_m)
        touched[some], certain[some] = measured.touched, measured.certain
    return touched, certain


def _hits(touched: Bools, certain: Bools, asked: _Asked) -> Hits:
    circle, area = np.nonzero(touched)
    counts = np.zeros(len(asked.reason) + 1, dtype=np.int64)
    counts[asked.usable + 1] = touched.sum(axis=1)
    return Hits(np.cumsum(counts), area, certain[circle, area])
