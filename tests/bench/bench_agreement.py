"""Whether the geofence says of points what PostGIS says of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from attrs import frozen

from borderzones import Classified, Combination
from borderzones.index import LAYERS
from borderzones.zonefile import ZoneFile

Bools = npt.NDArray[np.bool_]
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@frozen
class Areas:
    """The numbers of all areas by layer and name, and for each region that of its country."""

    numbers: dict[tuple[str, object], int]
    regions: npt.NDArray[np.int64]
    countries: npt.NDArray[np.int64]

    @classmethod
    def of(cls, content: ZoneFile) -> Areas:
        """Number the areas as ``bench_areas.polygons`` orders them."""
        layers = content.layers
        strips = [(row["zone_id"], row["side"]) for row in layers["strips"].rows]
        columns: dict[str, list[object]] = {
            "countries": list(layers["countries"].column("country")),
            "regions": list(layers["regions"].column("region_id")),
            "strips": list(strips),
            "special": list(layers["special"].column("special_id")),
        }
        keys = [(layer, name) for layer in LAYERS for name in columns[layer]]
        numbers = {key: number for number, key in enumerate(keys)}
        return cls(
            numbers,
            np.array([numbers["regions", name] for name in columns["regions"]]),
            np.array([numbers["countries", of] for of in layers["regions"].column("country")]),
        )

    def told(self, found: Classified) -> Bools:
        """Return which areas cover which points, (points, areas), as the geofence says it."""
        table = np.zeros((len(found.combinations), len(self.numbers)), dtype=np.bool_)
        for row, one in zip(table, found.combinations, strict=True):
            row[self._of(one)] = True
        assert (found.codes >= 0).all()
        told: Bools = table[found.codes]
        return told

    def _of(self, one: Combination) -> list[int]:
        names: list[tuple[str, tuple[object, ...]]] = [
            ("countries", one.countries),
            ("regions", one.regions),
            ("strips", one.zones),
            ("special", one.special),
        ]
        return [self.numbers[layer, name] for layer, all_of in names for name in all_of]

    def covered(self, points: int, pairs: Pairs) -> Bools:
        """Return the same of pairs, of regions those whose country covers the point too."""
        covered = np.zeros((points, len(self.numbers)), dtype=np.bool_)
        covered[pairs] = True
        covered[:, self.regions] &= covered[:, self.countries]
        return covered

    def in_seams(self, covered: Bools) -> Bools:
        """Tell which points lie in a country and in no region of it."""
        seams = np.zeros(len(covered), dtype=np.bool_)
        for country in np.unique(self.countries):
            own = self.regions[self.countries == country]
            seams |= covered[:, country] & ~covered[:, own].any(axis=1)
        return seams


def compared(content: ZoneFile, found: Classified, pairs: Pairs) -> tuple[int, int]:
    """Return how many points are told otherwise, and how many lie in seams between regions.

    Of those only countries, strips and special zones are compared: the distance to the nearest
    region decides there, which pairs do not tell.
    """
    areas = Areas.of(content)
    covered = areas.covered(len(found), pairs)
    seams = areas.in_seams(covered)
    differs = areas.told(found) != covered
    differs[np.ix_(seams, areas.regions)] = False
    return int(differs.any(axis=1).sum()), int(seams.sum())
