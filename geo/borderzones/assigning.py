"""Chooses centres for many points: who is responsible, and which entitled one is the closest.

A centre is as close as the regions that it has a duty for: 0 metres within them. A section of a
road or river goes before a special zone, and that before the region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

from borderzones import plane
from borderzones.arrays import Bools, Floats, Ints, together
from borderzones.assigned import Assigned
from borderzones.centres import Centre
from borderzones.classes import NOWHERE, Combination
from borderzones.classifier import Classifier
from borderzones.duties import GROUNDS, Duties, Duty, Spot, check_duties
from borderzones.grid import Codes, spread
from borderzones.outlines import Near, Outlines
from borderzones.positions import Numbers, unusable

# Two regions that share an outline are as near from beyond it, but for the rounding of the feet.
_TIE_M = 0.01


@frozen(eq=False)
class _Points:
    """Points in degrees with the numbers of their combinations; no place is in none."""

    reason: Numbers
    lon: Floats
    lat: Floats
    code: Codes
    combinations: tuple[Combination, ...]

    @classmethod
    def of(cls, classifier: Classifier, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Self:
        """Classify points."""
        east, north = together(lon, lat)
        found = classifier.classify(east, north)
        reason = unusable(east, north, np.zeros(len(east)))
        # The last one stands for what is no place, whose code is -1.
        return cls(reason, east, north, found.codes, (*found.combinations, NOWHERE))


@frozen(eq=False)
class Responsibility:
    """Centres with their duties over the areas of loaded zones; threads may share it."""

    _classifier: Classifier
    _outlines: Outlines
    _centres: Mapping[str, Centre]
    duties: tuple[Duty, ...]

    @classmethod
    def of(cls, classifier: Classifier, centres: Sequence[Centre], duties: Sequence[Duty]) -> Self:
        """Check the duties; raise `DutyError` for an unknown area or centre, or a second duty."""
        answers = classifier.answers
        named = {one.centre_id: one for one in centres}
        check_duties(duties, {*answers.region_ids, *answers.special}, set(named))
        return cls(classifier, Outlines(answers.index.regions), named, tuple(duties))

    def responsible(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        discipline: str,
        country: str,
        spots: Sequence[Spot | None] = (),
    ) -> Assigned:
        """Tell which centre of a country is responsible at many points (degrees, EPSG:4326).

        ``spots`` say, for as many of the points, where on a line each is. No value raises.
        """
        points, duties = _Points.of(self._classifier, lon, lat), self._duties(discipline, country)
        chosen = [duties.at(one) for one in points.combinations]
        duty = np.array([number for number, _ in chosen])[points.code]
        ground = np.array([GROUNDS.index(why) for _, why in chosen])[points.code]
        for number, spot in enumerate(spots):
            section = duties.on(spot, points.combinations[points.code[number]]) if spot else -1
            if section >= 0:
                duty[number], ground[number] = section, GROUNDS.index("section")
        metres = np.where(duty >= 0, 0.0, np.nan)
        beyond = self._beyond(points, duties, duty >= 0)
        first = _first_of_each(beyond.point, beyond.metres, beyond.area)
        point = beyond.point[first]
        duty[point] = self._duty_of_regions(duties)[beyond.area[first]]
        ground[point], metres[point] = GROUNDS.index("nearest_area"), beyond.metres[first]
        return Assigned(points.reason, duty, ground, metres, self.duties)

    def closest(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, discipline: str, country: str
    ) -> Assigned:
        """Tell which entitled centre of a country is the closest to many points.

        Entitled is who has a duty for a region. Of two that are as close, to 1 cm, it is the one
        with the nearer control room. No value raises.
        """
        points, duties = _Points.of(self._classifier, lon, lat), self._duties(discipline, country)
        within = self._within(points, duties)
        is_inside = np.bincount(within.point, minlength=len(points.code)) > 0
        beyond = self._beyond(points, duties, is_inside)
        near = within.joined(beyond)
        duties_of_pairs = self._duty_of_regions(duties)[near.area]
        first = _first_of_each(*self._as_close(points, near, duties_of_pairs))
        point = near.point[first]
        duty, metres = np.full(len(points.code), -1), np.full(len(points.code), np.nan)
        duty[point], metres[point] = duties_of_pairs[first], near.metres[first]
        ground = np.where(is_inside, GROUNDS.index("area"), GROUNDS.index("nearest_area"))
        return Assigned(points.reason, duty, np.where(duty >= 0, ground, 0), metres, self.duties)

    def _duties(self, discipline: str, country: str) -> Duties:
        answers = self._classifier.answers
        own = {
            region
            for region, code in zip(answers.region_ids, answers.region_countries, strict=True)
            if code == country
        }
        fits = [(n, one) for n, one in enumerate(self.duties) if one.discipline == discipline]
        mine = [(n, one) for n, one in fits if self._centres[one.centre_id].country == country]
        return Duties(
            regions={one.area: n for n, one in fits if not one.section and one.area in own},
            special={
                one.area: n for n, one in mine if not one.section and one.area in answers.special
            },
            sections={n: one for n, one in mine if one.section},
        )

    def _duty_of_regions(self, duties: Duties) -> Ints:
        """Return the number of the duty for each region, or -1."""
        return np.array(
            [duties.regions.get(one, -1) for one in self._classifier.answers.region_ids]
        )

    def _within(self, points: _Points, duties: Duties) -> Near:
        """Pair points with the regions with a duty that contain them."""
        numbers = {one: n for n, one in enumerate(self._classifier.answers.region_ids)}
        held = [[numbers[one] for one in duties.regions_of(c)] for c in points.combinations]
        last = np.cumsum([len(one) for one in held])
        first = last - np.array([len(one) for one in held])
        point, at = spread(first[points.code], last[points.code])
        area = np.array([one for some in held for one in some], dtype=np.int64)[at]
        return Near(point, area, np.zeros(len(point)))

    def _beyond(self, points: _Points, duties: Duties, known: Bools) -> Near:
        """Pair the other points with the nearest regions with a duty."""
        others = np.flatnonzero(~known & (points.reason == 0))
        regions = frozenset(np.flatnonzero(self._duty_of_regions(duties) >= 0).tolist())
        near = self._outlines.near(regions, points.lon[others], points.lat[others])
        return evolve(near, point=others[near.point])

    def _as_close(self, points: _Points, near: Near, duty: Ints) -> tuple[Ints, Floats]:
        """Return for each pair its point and metres to the room, infinite for what is farther."""
        least = np.full(len(points.code), np.inf)
        np.minimum.at(least, near.point, near.metres)
        rooms = [self._centres[one.centre_id] for one in self.duties]
        lon, lat = np.array([[one.lon, one.lat] for one in rooms]).reshape(-1, 2)[duty].T
        room_m = plane.geodesic_m(points.lon[near.point], points.lat[near.point], lon, lat)
        is_close = near.metres <= least[near.point] + _TIE_M
        return near.point, np.where(is_close, room_m, np.inf)


def _first_of_each(point: Ints, *by: Floats | Ints) -> Ints:
    """Return for each point that occurs its least pair, by one value and then by the next."""
    order = np.lexsort((*reversed(by), point))
    _, first = np.unique(point[order], return_index=True)
    return order[first]
