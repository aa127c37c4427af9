"""More zones than any treaty has: the real strips, cut into as many pieces as are wanted."""

from __future__ import annotations

import heapq
from itertools import count
from pathlib import Path

import numpy as np
import shapely
from attrs import evolve, frozen

from borderzones import zonefile
from borderzones.zonefile import Areas, ZoneFile
from dispatch_bus.editions import ZONES_FILE


@frozen(order=True)
class _Part:
    """A part of a strip; the least is the one that has the most corners."""

    corners: int
    number: int
    strip: int
    shape: shapely.MultiPolygon


def cut(folder: Path, wanted: int) -> int:
    """Have a configuration's zone file hold ``wanted`` zones, or more by one; return how many.

    The real zones stay, for agreements name them.
    """
    content, _ = zonefile.read(folder / ZONES_FILE)
    finer = with_zones(content, wanted)
    zonefile.write(folder / ZONES_FILE, finer)
    return len(finer.zones)


def with_zones(content: ZoneFile, wanted: int) -> ZoneFile:
    """Return the content with ``wanted`` zones, or more by one, and without a grid of classes.

    Each further one is a part of a real strip, so every place in a zone is in one more, and near
    others.
    """
    zones, strips = content.zones, content.layers["strips"]
    parts = _parts(strips, wanted - len(zones))
    by_id = {zone.zone_id: zone for zone in zones}
    rows = [strips.rows[part.strip] for part in parts]
    cut_zones = [
        evolve(by_id[row["zone_id"]], zone_id=f"{row['zone_id']} part {number}")
        for number, row in enumerate(rows)
    ]
    cut_rows = [
        {"zone_id": zone.zone_id, "side": row["side"]}
        for zone, row in zip(cut_zones, rows, strict=True)
    ]
    shapes = np.array([part.shape for part in parts], dtype=object)
    layer = Areas(
        (*strips.rows, *cut_rows), np.concatenate([strips.polygons, zonefile.on_grid(shapes)])
    )
    # The grid was made for the old strips, and the bus does not ask it.
    layers = {**content.layers, "strips": layer}
    return evolve(content, zones=(*zones, *cut_zones), layers=layers, grid={})


def _parts(strips: Areas, wanted: int) -> list[_Part]:
    """Halve the part with the most corners until there are enough parts."""
    numbers = count()
    parts = [_part(next(numbers), strip, polygon) for strip, polygon in enumerate(strips.polygons)][
        : max(0, wanted)
    ]
    heapq.heapify(parts)
    while parts and len(parts) < wanted:
        whole = heapq.heappop(parts)
        for half in _halves(whole.shape):
            heapq.heappush(parts, _part(next(numbers), whole.strip, half))
    return parts


def _part(number: int, strip: int, shape: shapely.MultiPolygon) -> _Part:
    return _Part(-int(shapely.get_num_coordinates(shape)), number, strip, shape)


def _halves(shape: shapely.MultiPolygon) -> list[shapely.MultiPolygon]:
    west, south, east, north = shape.bounds
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    if east - west > north - south:
        boxes = [(west, south, middle_x, north), (middle_x, south, east, north)]
    else:
        boxes = [(west, south, east, middle_y), (west, middle_y, east, north)]
    halves = (shapely.make_valid(shapely.clip_by_rect(shape, *box)) for box in boxes)
    polygons = (_polygons(half) for half in halves)
    return [shapely.multipolygons(found) for found in polygons if len(found)]


def _polygons(shape: shapely.Geometry) -> np.ndarray:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return parts[shapely.get_dimensions(parts) == 2]
