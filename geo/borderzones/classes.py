"""What contains a point: the combination of countries, regions, zones and special zones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from attrs import frozen

from borderzones.arrays import Bools
from borderzones.grid import UNKNOWN, Codes
from borderzones.look import Look

#: The code of what is not a place.
NOT_A_PLACE = -1


@frozen
class Combination:
    """Everything that contains a point, each in ascending order.

    ``zones`` are the strips as pairs of a zone's id and the side, the country that the strip is in.
    Whoever stands on an outline is in the areas on both sides of it.
    """

    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    zones: tuple[tuple[str, str], ...] = ()
    special: tuple[str, ...] = ()


NOWHERE = Combination()


@frozen(eq=False)
class Classified:
    """For each point the number of its combination; `NOT_A_PLACE` for what is no place.

    ``codes`` has the shape (points,). A point beyond all data is in no area, but is a place.
    """

    codes: Codes
    combinations: tuple[Combination, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, number: int) -> Combination | None:
        """Return the combination of one point; none for what is no place."""
        code: int = self.codes.item(number)
        return None if code == NOT_A_PLACE else self.combinations[code]

    def where(self, wanted: Callable[[Combination], bool]) -> Bools:
        """Tell which points' combinations are wanted; each combination is asked about once."""
        # The last one stands for what is no place, whose code is -1.
        answers = np.array([*map(wanted, self.combinations), False], dtype=np.bool_)
        return answers[self.codes]


@frozen(eq=False)
class AreaNames:
    """The names of all areas, layer by layer in the order of the index."""

    countries: tuple[str, ...]
    regions: tuple[str, ...]
    region_countries: tuple[str, ...]
    zones: tuple[tuple[str, str], ...]
    special: tuple[str, ...]

    def combination(self, areas: Iterable[int]) -> Combination | None:
        """Say what a set of areas means, by the index's rule for regions.

        Regions of a country count only in that country. None where a country's own regions leave
        a seam: there the distance decides, which only a look can tell.
        """
        layers = self._by_layer(areas)
        countries = tuple(sorted(self.countries[i] for i in layers[0]))
        kept = [i for i in layers[1] if self.region_countries[i] in countries]
        if {self.region_countries[i] for i in kept} != set(countries):
            return None
        return Combination(
            countries=countries,
            regions=tuple(sorted(self.regions[i] for i in kept)),
            zones=tuple(sorted(self.zones[i] for i in layers[2])),
            special=tuple(sorted(self.special[i] for i in layers[3])),
        )

    def _by_layer(self, areas: Iterable[int]) -> list[list[int]]:
        sizes = [len(one) for one in (self.countries, self.regions, self.zones, self.special)]
        ends = np.cumsum(sizes).tolist()
        layers: list[list[int]] = [[] for _ in sizes]
        for area in areas:
            layer = next(i for i, end in enumerate(ends) if area < end)
            layers[layer].append(area - ends[layer] + sizes[layer])
        return layers


def meanings(
    names: AreaNames, classes: Iterable[Iterable[int]]
) -> tuple[tuple[Combination, ...], Codes]:
    """Name the combinations of classes, each once and the empty one first, and number them."""
    numbers = {NOWHERE: 0}
    codes = []
    for areas in classes:
        found = names.combination(areas)
        codes.append(UNKNOWN if found is None else numbers.setdefault(found, len(numbers)))
    return tuple(numbers), np.array(codes, dtype=np.int32)


def combination_of(look: Look) -> Combination:
    """Return the same from a look at a single point, a circle without a radius."""
    return Combination(
        countries=look.centre_countries,
        regions=tuple(sorted(hit.region_id for hit in look.regions if hit.distance_m == 0)),
        zones=tuple(sorted((hit.zone_id, hit.side) for hit in look.zones)),
        special=look.special,
    )
