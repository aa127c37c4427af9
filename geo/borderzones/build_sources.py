"""Reads the geodata that zones are built from, and refuses what is not sound."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from attrs import frozen

from borderzones import plane
from borderzones.arrays import Geometries
from borderzones.errors import SourceError
from borderzones.zonefile import Areas, Source, on_grid

_FILES = {
    "countries": "countries.geojson.gz",
    "regions": "regions.geojson.gz",
    "special": "special_zones.geojson.gz",
}
_COLUMNS = {
    "countries": {"iso2": "country", "name": "name"},
    "regions": {"region_id": "region_id", "country": "country", "name": "name", "level": "level"},
    "special": {"zone_id": "special_id", "kind": "kind", "countries": "countries", "name": "name"},
}
_KEY = {"countries": "country", "regions": "region_id", "special": "special_id"}
# Regions and countries come from different surveys, joined on a grid of 1e-7 degree: seams of up
# to two units are the joint, anything wider is a hole.
_SEAM_DEG = 2.5e-7


@frozen(eq=False)
class Geodata:
    """The countries, regions and special zones of a data folder, and where they come from."""

    countries: Areas
    regions: Areas
    special: Areas
    sources: tuple[Source, ...]

    def country(self, code: str) -> shapely.MultiPolygon:
        """Return the polygon of the country with this code."""
        return self.countries.polygons[self.countries.column("country").index(code)]


def read_geodata(folder: Path) -> Geodata:
    """Read and check a data folder; raise `SourceError` naming file, area and mistake."""
    layers = {layer: _read_layer(folder / name, layer) for layer, name in _FILES.items()}
    data = Geodata(**layers, sources=_read_sources(folder))
    _known_countries(data)
    _within_the_plane(data)
    for code in data.countries.column("country"):
        _tiled(data, code)
    return data


def _read_layer(path: Path, layer: str) -> Areas:
    columns = _COLUMNS[layer]
    frame = _read_frame(path)
    if frame.empty and layer == "special":
        # Not every border has any, and of a file without areas the properties are not known.
        return Areas((), np.array([], dtype=object))
    if missing := set(columns) - set(frame.columns):
        raise SourceError(f"{path}: the property {min(missing)} is missing. Add it to each area.")
    frame = frame.sort_values(_source_key(layer))
    rows = tuple(
        {columns[name]: str(value) for name, value in record.items()}
        for record in frame[list(columns)].to_dict("records")
    )
    areas = Areas(rows, on_grid(np.asarray(frame.geometry.array)))
    _sound(path, areas.column(_KEY[layer]), areas.polygons)
    return areas


def _source_key(layer: str) -> str:
    return next(source for source, own in _COLUMNS[layer].items() if own == _KEY[layer])


def _read_frame(path: Path) -> gpd.GeoDataFrame:
    try:
        frame = gpd.read_file(f"/vsigzip/{path.resolve()}")
    except Exception as error:  # pyogrio raises many kinds, for one remedy
        raise SourceError(f"{path}: cannot be read ({error}). Restore or mend it.") from error
    if frame.crs is None or frame.crs.to_epsg() != 4326:
        raise SourceError(f"{path}: is not in EPSG:4326. Convert it.")
    return frame


def _sound(path: Path, ids: tuple[str, ...], polygons: Geometries) -> None:
    for area_id, polygon in zip(ids, polygons, strict=True):
        if ids.count(area_id) > 1:
            raise SourceError(f"{path}: {area_id} stands twice. Merge the two or rename one.")
        if polygon is None or polygon.geom_type not in {"Polygon", "MultiPolygon"}:
            raise SourceError(f"{path}: {area_id} is no polygon. Give it one.")
        if polygon.is_empty or not polygon.is_valid:
            why = shapely.is_valid_reason(polygon)
            raise SourceError(f"{path}: {area_id} is not a valid polygon: {why}. Mend its rings.")


def _known_countries(data: Geodata) -> None:
    known = set(data.countries.column("country"))
    for areas, key in ((data.regions, "region_id"), (data.special, "special_id")):
        for row in areas.rows:
            named = set(row.get("countries", row.get("country", "")).split(","))
            if unknown := named - known:
                raise SourceError(
                    f"{row[key]}: its country {min(unknown)!r} has no polygon. Add it to "
                    f"{_FILES['countries']} or correct the area."
                )


def _within_the_plane(data: Geodata) -> None:
    for code in data.countries.column("country"):
        _, south, _, north = data.country(code).bounds
        if south < plane.SOUTH or north > plane.NORTH:
            raise SourceError(
                f"{code}: reaches from {south:.1f} to {north:.1f} degrees north. Clip it to "
                f"{plane.SOUTH} to {plane.NORTH}, where distances are exact."
            )


def _tiled(data: Geodata, code: str) -> None:
    own = np.array([country == code for country in data.regions.column("country")])
    gap = data.country(code).difference(shapely.union_all(data.regions.polygons[own]))
    wide = gap.buffer(-_SEAM_DEG)
    if not wide.is_empty:
        spot = wide.representative_point()
        raise SourceError(
            f"{code}: no region covers {spot.x:.6f} E {spot.y:.6f} N. Let the country's regions "
            "cover all of it."
        )


def _read_sources(folder: Path) -> tuple[Source, ...]:
    path = folder / "sources.toml"
    try:
        entries = tomllib.loads(path.read_text("utf-8"))["source"]
        known = {entry.pop("file"): entry for entry in entries}
        return tuple(
            Source(file=name, sha256=_sha256(folder / name), **known[name])
            for name in _FILES.values()
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: must give file, version, licence and attribution of each of "
            f"{', '.join(_FILES.values())} ({error!r})."
        ) from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
