"""The real areas, and the same with more or fewer corners."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import shapely
from attrs import evolve

from borderzones import build_grid, zonefile
from borderzones.index import LAYERS, Index
from borderzones.zonefile import Areas, ZoneFile

Shapes = npt.NDArray[np.object_]


def polygons(content: ZoneFile) -> Shapes:
    """Return the areas of all layers in one order."""
    return np.concatenate([content.layers[name].polygons for name in LAYERS])


def with_grid(content: ZoneFile) -> tuple[ZoneFile, float]:
    """Return the content with a grid of classes, and the seconds that it took to make."""
    began = time.perf_counter()
    packed = build_grid.make(polygons(content), Index.of(content.layers, content.zones))
    return evolve(content, grid=packed.arrays()), time.perf_counter() - began


def with_corners(content: ZoneFile, wanted: int) -> ZoneFile:
    """Return countries, as regions too, and strips with about so many corners; no grid.

    Countries are simplified together, so that they go on sharing their borders.
    """
    countries, strips = content.layers["countries"], content.layers["strips"]
    least, most = 1e-7, 1.0
    for _ in range(10):
        middle = float(np.sqrt(least * most))
        simple = _simplified(countries, middle, together=True)
        fewer = _simplified(strips, middle, together=False)
        if _corners(simple) * 2 + _corners(fewer) > wanted:
            least = middle
        else:
            most = middle
    regions = Areas(
        tuple({**row, "region_id": row["country"]} for row in simple.rows), simple.polygons
    )
    layers = {**content.layers, "countries": simple, "regions": regions, "strips": fewer}
    layers["special"] = _least(layers["special"])
    return evolve(content, layers=layers, grid={})


def _simplified(areas: Areas, tolerance: float, *, together: bool) -> Areas:
    simplify = shapely.coverage_simplify if together else shapely.simplify
    simple = shapely.make_valid(zonefile.on_grid(simplify(areas.polygons, tolerance)))
    return Areas(areas.rows, simple)


def _least(areas: Areas) -> Areas:
    """Return the area with the fewest corners alone: a layer is never empty."""
    least = int(np.argmin(shapely.get_num_coordinates(areas.polygons)))
    return Areas(areas.rows[least : least + 1], areas.polygons[least : least + 1])


def _corners(areas: Areas) -> int:
    return int(shapely.get_num_coordinates(areas.polygons).sum())
