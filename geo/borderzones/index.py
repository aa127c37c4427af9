"""The layers of a zone file, indexed together, and the rules that keep their answers consistent.

A point on an outline belongs to the areas on both sides. Countries are exact: the answer of the
polygons themselves. Regions follow the countries, because they were surveyed apart and may miss a
border by a centimetre.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Self

import numpy as np
from attrs import evolve, field, frozen

from borderzones.arrays import Bools, Floats, Ints
from borderzones.definitions import BorderZone
from borderzones.layer import Layer, Points
from borderzones.zonefile import Areas

#: The layers that are looked up, in the order in which their areas are numbered together.
LAYERS = ("countries", "regions", "strips", "special")
# Seams between regions of one country: two units of the file's grid, about 2 cm.
_SEAM_M = 0.03
# A strip's outer edge is true to a few metres, so the border may be that much farther away.
_EDGE_M = 25.0


@frozen(eq=False)
class Circles:
    """Circles: centres in degrees and radii in metres, each of shape (points,)."""

    lon: Floats
    lat: Floats
    radius_m: Floats

    @cached_property
    def centres(self) -> Points:
        """The centres, for layers to look up."""
        return Points(self.lon, self.lat)

    def __getitem__(self, numbers: Ints) -> Circles:
        """Return some of the circles."""
        return Circles(self.lon[numbers], self.lat[numbers], self.radius_m[numbers])


@frozen(eq=False)
class Measured:
    """How circles lie to each area of a layer; two-dimensional arrays are (points, areas)."""

    radius_m: Floats
    inside: Bools
    outline_m: Floats

    @property
    def touched(self) -> Bools:
        """Where the circle and the area have a point in common."""
        radius = self.radius_m[:, None]
        return self.inside | ((self.outline_m <= radius) & (radius > 0))

    @property
    def certain(self) -> Bools:
        """Where the whole circle lies within the area."""
        return self.inside & (self.outline_m >= self.radius_m[:, None])

    @property
    def distance_m(self) -> Floats:
        """Metres from the centre to the area, 0 inside; infinite beyond reach."""
        return np.where(self.inside, 0.0, self.outline_m)


@frozen(eq=False)
class Found:
    """What the index measured; ``special`` tells which special zones contain the centres."""

    countries: Measured
    regions: Measured
    strips: Measured
    special: Bools


@frozen(eq=False)
class Index:
    """The layers, each indexed when it is first needed, and how they refer to each other.

    ``region_country`` is the number of each region's country, ``strip_other`` that of the country
    that each strip is measured from; ``depth_m`` is the depth of the deepest zone.
    """

    _layers: Mapping[str, Areas]
    region_country: Ints
    strip_other: Ints
    depth_m: float
    _indexed: dict[str, Layer] = field(factory=dict, init=False)
    _one_at_a_time: threading.Lock = field(factory=threading.Lock, init=False)

    @classmethod
    def of(cls, layers: Mapping[str, Areas], zones: Sequence[BorderZone]) -> Self:
        """Index the layers of a zone file."""
        codes = layers["countries"].column("country")
        pairs = {zone.zone_id: zone.pair for zone in zones}
        sides = [(pairs[row["zone_id"]], row["side"]) for row in layers["strips"].rows]
        others = [pair[1 - pair.index(side)] for pair, side in sides]
        return cls(
            layers=layers,
            region_country=_numbers(layers["regions"].column("country"), codes),
            strip_other=_numbers(others, codes),
            depth_m=max(zone.deepest_m for zone in zones),
        )

    @property
    def countries(self) -> Layer:
        """The countries."""
        return self._layer("countries")

    @property
    def regions(self) -> Layer:
        """The regions."""
        return self._layer("regions")

    @property
    def strips(self) -> Layer:
        """Both sides of each border zone."""
        return self._layer("strips")

    @property
    def special(self) -> Layer:
        """The special zones."""
        return self._layer("special")

    def _layer(self, name: str) -> Layer:
        # Two layers over the same polygons would prepare them at the same time, which GEOS cannot.
        with self._one_at_a_time:
            if name not in self._indexed:
                self._indexed[name] = Layer.of(self._layers[name].polygons)
            return self._indexed[name]

    @property
    def areas(self) -> int:
        """How many areas there are in all layers together."""
        return sum(len(self._layers[name].rows) for name in LAYERS)

    def contains(self, lon: Floats, lat: Floats) -> Bools:
        """Tell, with shape (points, areas), which areas of all layers cover which points."""
        points = Points(lon, lat)
        return np.concatenate([getattr(self, name).contains(points) for name in LAYERS], axis=1)

    def measure(self, circles: Circles) -> Found:
        """Measure how the circles lie to every area; regions as far as the deepest zone."""
        reach = circles.radius_m + self.depth_m
        countries = _measure(self.countries, circles, reach + _EDGE_M)
        regions = self._follow(countries.inside, _measure(self.regions, circles, reach))
        strips = _measure(self.strips, circles, circles.radius_m)
        special = self.special.contains(circles.centres)
        return Found(countries, regions, strips, special)

    def _follow(self, in_country: Bools, regions: Measured) -> Measured:
        """Put each centre in a region of each country that it is in, and in no other."""
        inside = regions.inside & in_country[:, self.region_country]
        for number in range(in_country.shape[1]):
            own = np.flatnonzero(self.region_country == number)
            seams = np.flatnonzero(in_country[:, number] & ~inside[:, own].any(axis=1))
            nearest = own[regions.outline_m[seams][:, own].argmin(axis=1)]
            inside[seams, nearest] = regions.outline_m[seams, nearest] <= _SEAM_M
        return evolve(regions, inside=inside)


def _measure(layer: Layer, circles: Circles, reach_m: Floats) -> Measured:
    inside = layer.contains(circles.centres)
    outline_m = layer.outline_m(circles.centres, reach_m)
    return Measured(circles.radius_m, inside, outline_m)


def _numbers(names: Sequence[str], known: Sequence[str]) -> Ints:
    return np.array([known.index(name) for name in names], dtype=np.int64)
