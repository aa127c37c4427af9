"""Puts what the index measured into words: one `Look` for each circle."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Self, TypeVar

import numpy as np
from attrs import frozen

from borderzones.arrays import Bools, Floats, Ints
from borderzones.index import Circles, Found, Index, Measured
from borderzones.layer import Points
from borderzones.look import CountryHit, Look, RegionHit, ZoneHit
from borderzones.zonefile import ZoneFile

T = TypeVar("T")


@frozen(eq=False)
class Answers:
    """The index with the names of its areas."""

    index: Index
    countries: tuple[str, ...]
    region_ids: tuple[str, ...]
    region_countries: tuple[str, ...]
    strip_zones: tuple[str, ...]
    strip_pairs: tuple[tuple[str, str], ...]
    strip_sides: tuple[str, ...]
    special: tuple[str, ...]

    @classmethod
    def of(cls, content: ZoneFile) -> Self:
        """Prepare the answers from a zone file."""
        layers, pairs = content.layers, {zone.zone_id: zone.pair for zone in content.zones}
        strip_zones = layers["strips"].column("zone_id")
        return cls(
            index=Index.of(layers, content.zones),
            countries=layers["countries"].column("country"),
            region_ids=layers["regions"].column("region_id"),
            region_countries=layers["regions"].column("country"),
            strip_zones=strip_zones,
            strip_pairs=tuple(pairs[zone_id] for zone_id in strip_zones),
            strip_sides=layers["strips"].column("side"),
            special=layers["special"].column("special_id"),
        )

    def look(self, circles: Circles) -> list[Look]:
        """Answer circles whose centres and radii are usable, in their order."""
        found = self.index.measure(circles)
        known: Bools = np.any(np.isfinite(found.regions.distance_m), axis=1)
        swapped = self._swapped(circles, np.flatnonzero(~known))
        columns = zip(
            self._countries(found.countries),
            _names(self.countries, found.countries.inside),
            self._regions(found.regions),
            self._zones(found),
            _names(self.special, found.special),
            strict=True,
        )
        return [
            Look("place", "", *column) if near else _elsewhere(exchanged)
            for near, exchanged, column in zip(known, swapped, columns, strict=True)
        ]

    def _swapped(self, circles: Circles, unknown: Ints) -> Bools:
        """Tell which of these circles are somewhere once longitude and latitude are exchanged."""
        swapped = np.zeros(len(circles.lon), dtype=np.bool_)
        if len(unknown):
            exchanged = Points(circles.lat[unknown], circles.lon[unknown])
            swapped[unknown] = np.any(self.index.countries.contains(exchanged), axis=1)
        return swapped

    def _countries(self, measured: Measured) -> list[tuple[CountryHit, ...]]:
        point, country = np.nonzero(measured.touched)
        certain = measured.certain[point, country].tolist()
        hits = map(CountryHit, _picked(self.countries, country), certain)
        return _by_point(point, hits, len(measured.inside))

    def _regions(self, measured: Measured) -> list[tuple[RegionHit, ...]]:
        distances = measured.distance_m
        point, region = _nearest_first(np.isfinite(distances), distances)
        hits = map(
            RegionHit,
            _picked(self.region_ids, region),
            _picked(self.region_countries, region),
            distances[point, region].tolist(),
            measured.certain[point, region].tolist(),
        )
        return _by_point(point, hits, len(distances))

    def _zones(self, found: Found) -> list[tuple[ZoneHit, ...]]:
        border_m = found.countries.distance_m[:, self.index.strip_other]
        point, strip = _nearest_first(found.strips.touched, border_m)
        hits = map(
            ZoneHit,
            _picked(self.strip_zones, strip),
            _picked(self.strip_pairs, strip),
            _picked(self.strip_sides, strip),
            found.strips.certain[point, strip].tolist(),
            border_m[point, strip].tolist(),
        )
        return _by_point(point, hits, len(border_m))


def _elsewhere(swapped: bool) -> Look:
    return Look("not_a_place", "swapped?") if swapped else Look("outside", "outside")


def _nearest_first(chosen: Bools, metres: Floats) -> tuple[Ints, Ints]:
    """Return the chosen (point, area) in the order of points, and for each by distance."""
    point, area = np.nonzero(chosen)
    order = np.lexsort((area, metres[point, area], point))
    return point[order], area[order]


def _names(names: tuple[str, ...], inside: Bools) -> list[tuple[str, ...]]:
    point, area = np.nonzero(inside)
    return _by_point(point, _picked(names, area), len(inside))


def _picked(values: tuple[T, ...], numbers: Ints) -> list[T]:
    return [values[i] for i in numbers.tolist()]


def _by_point(point: Ints, hits: Iterable[T], points: int) -> list[tuple[T, ...]]:
    """Deal ``hits``, whose points ascend, out to each of ``points`` points."""
    dealt = tuple(hits)
    ends = np.searchsorted(point, np.arange(points + 1)).tolist()
    return [dealt[start:end] for start, end in pairwise(ends)]
