"""The built zone file: one archive that is versioned, checksummed and the same for the same input.

A zip archive of ``header.json`` (schema, label, zones, sources, and the properties of each area),
of two little-endian int32 arrays for each layer of areas (coordinates in units of 1e-7 degree,
EPSG:4326, longitudes before latitudes; offsets of rings, parts and areas; all as differences),
of the arrays of the grid of classes, where it has one, and of ``digest``, the SHA-256 of
everything before it, which names the version. The archive is sealed (`borderzones.archive`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from attrs import asdict, field, frozen

from borderzones import archive
from borderzones.archive import REMEDY, Archive, damaged
from borderzones.arrays import Geometries
from borderzones.definitions import BorderZone
from borderzones.errors import ZoneFileError

SCHEMA = 3
UNITS_PER_DEGREE = 1e7
LAYERS = ("countries", "regions", "special", "strips", "pieces")
_HEADER, _DIGEST, _GRID = "header.json", "digest", "grid."


@frozen
class Source:
    """A file that zones were built from, with its licence and the credit that it asks for."""

    file: str
    version: str
    licence: str
    attribution: str
    sha256: str


@frozen(eq=False)
class Areas:
    """Multipolygons in degrees with their properties, one row each.

    They are given as an array, or as a function that is called when they are first needed.
    """

    rows: tuple[Mapping[str, str], ...]
    _polygons: Geometries | Callable[[], Geometries]

    @cached_property
    def polygons(self) -> Geometries:
        """The multipolygons, of shape (areas,)."""
        return self._polygons() if callable(self._polygons) else self._polygons

    def column(self, name: str) -> tuple[str, ...]:
        """Return the property ``name`` of every row."""
        return tuple(row[name] for row in self.rows)


@frozen(eq=False)
class ZoneFile:
    """The content of a zone file; ``layers`` has one entry for each of `LAYERS`.

    ``grid`` holds the arrays of a grid of classes over these layers; without one every point is
    looked up in the polygons. ``valid_from`` is the moment (UTC) from which the zones are to be
    used, none for at once.
    """

    label: str
    zones: tuple[BorderZone, ...]
    sources: tuple[Source, ...]
    layers: Mapping[str, Areas]
    grid: Mapping[str, npt.NDArray[Any]] = field(factory=dict)
    valid_from: datetime | None = None


def on_grid(polygons: Geometries) -> Geometries:
    """Round coordinates to the file's unit of 1e-7 degree (about 1 cm)."""
    rounded: Geometries = shapely.transform(
        polygons, lambda lonlat: np.rint(lonlat * UNITS_PER_DEGREE) / UNITS_PER_DEGREE
    )
    return rounded


def write(path: Path, content: ZoneFile) -> str:
    """Write ``content`` and return its version; the same content makes the same bytes."""
    entries = {_HEADER: _header(content)}
    for name in LAYERS:
        entries[f"{name}.xy"], entries[f"{name}.offsets"] = _encode(content.layers[name].polygons)
    for name, array in sorted(content.grid.items()):
        entries[_GRID + name] = np.ascontiguousarray(array).tobytes()
    digest = _digest(entries.values())
    archive.write(path, {**entries, _DIGEST: digest.encode()})
    return _version(content.label, digest)


def read(path: Path) -> tuple[ZoneFile, str]:
    """Read a zone file and return it with its version; areas and grid are unpacked when needed.

    Raises `ZoneFileError` when it is missing, damaged or of another schema.
    """
    packed = Archive.open(path)
    header = _read_header(packed)
    packed.check_seal()
    since = header["valid_from"]
    content = ZoneFile(
        label=header["label"],
        zones=tuple(_zone(**zone) for zone in header["zones"]),
        sources=tuple(Source(**source) for source in header["sources"]),
        layers={
            name: Areas(tuple(rows), partial(_unpacked, packed, name))
            for name, rows in header["layers"].items()
        },
        grid=_Packed(packed, header["grid"]),
        valid_from=datetime.fromisoformat(since) if since else None,
    )
    return content, _version(content.label, packed.entry(_DIGEST).decode("ascii"))


@frozen(eq=False)
class _Packed(Mapping[str, npt.NDArray[Any]]):
    """The arrays of the grid, each unpacked whenever it is asked for."""

    packed: Archive
    types: Mapping[str, str]

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return np.frombuffer(self.packed.entry(_GRID + name), self.types[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)


def _unpacked(packed: Archive, layer: str) -> Geometries:
    return _decode(packed.entry(f"{layer}.xy"), packed.entry(f"{layer}.offsets"))


def _version(label: str, digest: str) -> str:
    return f"{label}+{digest[:12]}"


def _digest(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def _header(content: ZoneFile) -> bytes:
    header = {
        "schema": SCHEMA,
        "crs": "EPSG:4326",
        "label": content.label,
        "valid_from": content.valid_from.isoformat() if content.valid_from else None,
        "zones": [asdict(zone) for zone in content.zones],
        "sources": [asdict(source) for source in content.sources],
        "grid": {name: _type(array) for name, array in content.grid.items()},
        "layers": {name: [dict(row) for row in content.layers[name].rows] for name in LAYERS},
    }
    return json.dumps(header, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _zone(
    zone_id: str, pair: list[str], depths_m: list[float], disciplines: list[str]
) -> BorderZone:
    (first, second), (depth, other_depth) = pair, depths_m
    return BorderZone(zone_id, (first, second), (depth, other_depth), tuple(disciplines))


def _type(array: npt.NDArray[Any]) -> str:
    """Return the little-endian type that an array is kept as."""
    return array.dtype.newbyteorder("<").str


def _read_header(packed: Archive) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(packed.entry(_HEADER))
        schema = header["schema"]
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(packed.path, "it has no readable header") from error
    if schema != SCHEMA:
        raise ZoneFileError(
            f"{packed.path}: schema {schema!r} is not the schema {SCHEMA} of this program. {REMEDY}"
        )
    return header


def _encode(polygons: Geometries) -> tuple[bytes, bytes]:
    if not len(polygons):
        return b"", b""
    _, lonlat, offsets = shapely.to_ragged_array(_multi(polygons))
    units = np.rint(lonlat.T * UNITS_PER_DEGREE).astype("<i4")
    lengths = [len(offset) for offset in offsets]
    steps = [_differences(offset.astype("<i4")) for offset in offsets]
    return _differences(units).tobytes(), np.concatenate(
        [np.array(lengths, "<i4"), *steps]
    ).tobytes()


def _multi(polygons: Geometries) -> Geometries:
    parts, owner = shapely.get_parts(polygons, return_index=True)
    multi: Geometries = shapely.multipolygons(parts, indices=owner)
    return multi


def _differences(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return np.diff(values, axis=-1, prepend=np.zeros_like(values[..., :1]))


def _decode(xy: bytes, offsets: bytes) -> Geometries:
    if not offsets:
        return np.array([], dtype=object)
    units = np.cumsum(np.frombuffer(xy, "<i4").reshape(2, -1), axis=1, dtype=np.int64)
    lonlat = units / UNITS_PER_DEGREE
    numbers = np.frombuffer(offsets, "<i4")
    ends = np.cumsum(numbers[:3])
    steps = np.split(numbers[3:], ends[:-1])
    totals = tuple(np.cumsum(step, dtype=np.int64) for step in steps)
    polygons: Geometries = shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON, np.ascontiguousarray(lonlat.T), totals
    )
    return polygons
