"""Which part of the region a picture shows: all of it, or the surroundings of one place."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import shapely
from attrs import frozen

from borderzones.errors import PlaceError
from borderzones.zonefile import ZoneFile

PLACES = Path(__file__).parent / "data" / "places.csv"
_KM_PER_DEGREE = 111.2
# What a picture shows around a place without any extent of its own, in kilometres.
_SPAN_KM = 14.0
_AROUND = 0.12


@frozen
class View:
    """A part of the region, in degrees (EPSG:4326), and what it is called."""

    title: str
    west: float
    south: float
    east: float
    north: float

    @classmethod
    def around(cls, title: str, west: float, south: float, east: float, north: float) -> Self:
        """Show a box with some room around it, not narrower than it is high nor twice as wide."""
        middle, centre = (west + east) / 2, (south + north) / 2
        wide = math.cos(math.radians(centre))
        height = max((north - south) * (1 + 2 * _AROUND), 0.005)
        width = max((east - west) * (1 + 2 * _AROUND) * wide, height)
        height = max(height, width / 1.6)
        half = width / wide / 2
        return cls(title, middle - half, centre - height / 2, middle + half, centre + height / 2)

    @property
    def width_km(self) -> float:
        """How wide the view is at its middle, in kilometres."""
        middle = math.radians((self.south + self.north) / 2)
        return (self.east - self.west) * math.cos(middle) * _KM_PER_DEGREE


def whole(content: ZoneFile) -> View:
    """Show all border zones."""
    return View.around("Border zones", *shapely.total_bounds(content.layers["strips"].polygons))


def place(content: ZoneFile, name: str, places: Path = PLACES) -> View:
    """Show a special zone, region, or place by (a part of) its name or id.

    Special zones go before places and these before regions; where several special zones have the
    name, all of them are shown, as for Baarle.

    Raises:
        PlaceError: nothing is called so.
    """
    wanted = name.casefold()
    for found in (
        list(_areas(content, "special", "special_id", wanted)),
        list(_towns(places, wanted)),
        list(_areas(content, "regions", "region_id", wanted)),
    ):
        if found:
            corners = np.array(found)
            low, high = corners.min(axis=0), corners.max(axis=0)
            return View.around(name, low[0], low[1], high[2], high[3])
    raise PlaceError(
        f"{name}: no special zone, place or region is called so. Use a name of places.csv, or an "
        "id as BAARLE-BE-01 or NL-VR20."
    )


def _areas(
    content: ZoneFile, layer: str, key: str, wanted: str
) -> Iterator[tuple[float, float, float, float]]:
    areas = content.layers[layer]
    for row, polygon in zip(areas.rows, areas.polygons, strict=True):
        if wanted in (row["name"].casefold(), row[key].casefold()) or (
            layer == "special" and row[key].casefold().startswith(wanted)
        ):
            yield polygon.bounds


def _towns(places: Path, wanted: str) -> Iterator[tuple[float, float, float, float]]:
    """Yield a box around the largest place of this name, or else that begins with it."""
    with places.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["name"].casefold().startswith(wanted)]
    exact = [row for row in rows if row["name"].casefold() == wanted] or rows
    if exact:
        chosen = max(exact, key=lambda row: int(row["population"] or 0))
        lon, lat, half = float(chosen["lon"]), float(chosen["lat"]), _SPAN_KM / 2 / _KM_PER_DEGREE
        east = half / math.cos(math.radians(lat))
        yield lon - east, lat - half, lon + east, lat + half
