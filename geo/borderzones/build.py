"""Builds a zone file from definitions and geodata (needs the extra ``zones``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from borderzones import build_grid, zonefile
from borderzones.build_sources import read_geodata
from borderzones.build_special import special_areas
from borderzones.build_strips import piece_areas, strip_areas, strips
from borderzones.definitions import read_definitions
from borderzones.index import LAYERS, Index

DATA = Path(__file__).parent / "data"


def build(definitions: Path, out: Path, data: Path = DATA) -> str:
    """Build the zones of a ``zones.toml`` into the file ``out`` and return its version.

    The same definitions and data make the same bytes. Raises `DefinitionError` for a mistake in
    the definitions and `SourceError` for one in the data folder; ``out`` is then left as it was.
    """
    wanted = read_definitions(definitions)
    geodata = read_geodata(data)
    made = strips(geodata, wanted.zones)
    layers = {
        "countries": geodata.countries,
        "regions": geodata.regions,
        "special": special_areas(geodata, wanted.special),
        "strips": strip_areas(made),
        "pieces": piece_areas(geodata, made),
    }
    polygons = np.concatenate([layers[name].polygons for name in LAYERS])
    grid = build_grid.make(polygons, Index.of(layers, wanted.zones)).arrays()
    content = zonefile.ZoneFile(
        wanted.label, wanted.zones, geodata.sources, layers, grid, wanted.valid_from
    )
    return zonefile.write(out, content)
