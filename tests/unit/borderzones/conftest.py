"""The shipped zones, and the geodata that they were built from, read without the library."""

from __future__ import annotations

import gzip
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import from_geojson
from shapely.geometry.base import BaseGeometry

import borderzones

ROOT = Path(__file__).parents[3]
DATA = ROOT / "geo" / "borderzones" / "data"


def features(name: str) -> list[tuple[dict[str, object], BaseGeometry]]:
    """Read a data file as pairs of properties and geometry."""
    document = json.loads(gzip.decompress((DATA / f"{name}.geojson.gz").read_bytes()))
    return [
        (feature["properties"], from_geojson(json.dumps(feature["geometry"])))
        for feature in document["features"]
    ]


@pytest.fixture(scope="session")
def zones_path() -> Path:
    """The zone file that ships."""
    return ROOT / "config" / "zones.bzones"


@pytest.fixture(scope="session")
def definitions_path() -> Path:
    """The definitions that ship."""
    return ROOT / "config" / "zones.toml"


@pytest.fixture(scope="session")
def zones(zones_path: Path) -> borderzones.Zones:
    """The shipped zones, loaded once."""
    return borderzones.load(zones_path)


@pytest.fixture(scope="session")
def countries() -> dict[str, BaseGeometry]:
    """The countries' polygons in degrees, by code."""
    return {str(row["iso2"]): shape for row, shape in features("countries")}


@pytest.fixture(scope="session")
def regions() -> dict[str, tuple[str, BaseGeometry]]:
    """The regions' countries and polygons in degrees, by id."""
    return {
        str(row["region_id"]): (str(row["country"]), shape) for row, shape in features("regions")
    }


@pytest.fixture(scope="session")
def special_zones() -> dict[str, BaseGeometry]:
    """The special zones' polygons in degrees, by id."""
    return {str(row["zone_id"]): shape for row, shape in features("special_zones")}


@pytest.fixture(scope="session")
def borders(countries: dict[str, BaseGeometry]) -> dict[tuple[str, str], NDArray[np.float64]]:
    """The vertices that two countries share, as longitudes and latitudes, by pair."""
    vertices = {
        code: {(lon, lat) for lon, lat in shapely.get_coordinates(shape).tolist()}
        for code, shape in countries.items()
    }
    shared = {
        (first, second): np.array(sorted(vertices[first] & vertices[second])).reshape(-1, 2)
        for first, second in combinations(sorted(countries), 2)
    }
    return {pair: common for pair, common in shared.items() if len(common) > 1}
