"""Classifies points by the grid, and by the polygons themselves where the grid does not know."""

from __future__ import annotations

from typing import Self

import numpy as np
from attrs import evolve, frozen

from borderzones.answers import Answers
from borderzones.arrays import Floats
from borderzones.classes import (
    NOT_A_PLACE,
    NOWHERE,
    AreaNames,
    Classified,
    Combination,
    combination_of,
    meanings,
)
from borderzones.grid import OUTSIDE, UNKNOWN, Codes, Grid
from borderzones.index import Circles
from borderzones.packing import Arrays, Packed
from borderzones.positions import unusable

# The polygons' answers are tables of points times areas.
_BLOCK = 1_000


@frozen(eq=False)
class Classifier:
    """A grid, the combinations that it tells apart, and the answers behind it.

    Without a grid (a zone file may have none) every point is looked up.
    """

    answers: Answers
    grid: Grid | None
    combinations: tuple[Combination, ...]

    @classmethod
    def of(cls, answers: Answers, arrays: Arrays) -> Self:
        """Prepare it from the grid's arrays in a zone file."""
        if not arrays:
            return cls(answers, None, (NOWHERE,))
        packed = Packed.of(arrays)
        classes = (np.flatnonzero(row).tolist() for row in packed.inside)
        combinations, meaning = meanings(_names(answers), classes)
        return cls(answers, evolve(packed.grid, meaning=meaning), combinations)

    def classify(self, lon: Floats, lat: Floats) -> Classified:
        """Classify points, degrees of shape (points,)."""
        codes = self.grid.codes(lon, lat) if self.grid else np.full(len(lon), OUTSIDE, np.int32)
        beyond = np.flatnonzero(codes == OUTSIDE)
        codes[beyond] = self._beyond(lon[beyond], lat[beyond])
        unknown = np.flatnonzero(codes == UNKNOWN)
        if not len(unknown):
            return Classified(codes, self.combinations)
        codes[unknown], combinations = self._looked(lon[unknown], lat[unknown])
        return Classified(codes, combinations)

    def at(self, lon: float, lat: float) -> Combination | None:
        """Classify one point."""
        code = self.grid.code(lon, lat) if self.grid else OUTSIDE
        return self.combinations[code] if code >= 0 else self._at(lon, lat)

    def _at(self, lon: float, lat: float) -> Combination | None:
        return self.classify(np.array([lon]), np.array([lat]))[0]

    def _beyond(self, lon: Floats, lat: Floats) -> Codes:
        """Tell, beyond the grid, places from what is none; without a grid nothing is known yet."""
        reasons = unusable(lon, lat, np.zeros(len(lon)))
        place = 0 if self.grid else UNKNOWN
        return np.where(reasons > 0, np.int32(NOT_A_PLACE), np.int32(place))

    def _looked(self, lon: Floats, lat: Floats) -> tuple[Codes, tuple[Combination, ...]]:
        """Ask the polygons themselves; what they say may be a combination of its own."""
        numbers = {one: number for number, one in enumerate(self.combinations)}
        codes = np.empty(len(lon), dtype=np.int32)
        for start in range(0, len(lon), _BLOCK):
            block = slice(start, start + _BLOCK)
            circles = Circles(lon[block], lat[block], np.zeros(len(lon[block])))
            found = map(combination_of, self.answers.look(circles))
            codes[block] = [numbers.setdefault(one, len(numbers)) for one in found]
        return codes, tuple(numbers)


def _names(answers: Answers) -> AreaNames:
    return AreaNames(
        countries=answers.countries,
        regions=answers.region_ids,
        region_countries=answers.region_countries,
        zones=tuple(zip(answers.strip_zones, answers.strip_sides, strict=True)),
        special=answers.special,
    )
