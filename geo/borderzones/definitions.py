"""The border zones that an operator defines in ``zones.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from borderzones.errors import DefinitionError

MIN_DEPTH_M = 100.0
MAX_DEPTH_M = 50_000.0
_KEYS = {"id", "pair", "depth_m"}


@frozen
class BorderZone:
    """A strip of ``depth_m`` metres on each side of the border of a pair of countries."""

    zone_id: str
    pair: tuple[str, str]
    depth_m: float


@frozen
class Definitions:
    """The content of one ``zones.toml``: the operator's ``label`` for this edition, and zones."""

    label: str
    zones: tuple[BorderZone, ...]


def read_definitions(path: Path) -> Definitions:
    """Read and check ``zones.toml``; raise `DefinitionError` naming file, key and remedy."""
    try:
        return parse_definitions(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionError(f"{path}: cannot be read ({error}). Mend or restore it.") from error
    except DefinitionError as error:
        raise DefinitionError(f"{path}: {error}") from error


def parse_definitions(table: Mapping[str, Any]) -> Definitions:
    """Check a parsed table; raise `DefinitionError` naming the key and the remedy."""
    label, entries = table.get("label"), table.get("zone")
    if unknown := set(table) - {"label", "zone"}:
        raise DefinitionError(f"{min(unknown)}: unknown key. Use label and [[zone]].")
    if not isinstance(label, str) or not label:
        raise DefinitionError('label: missing. Write a name for this edition, as "2026-11".')
    if not isinstance(entries, list) or not entries:
        raise DefinitionError("zone: missing. Write at least one [[zone]].")
    zones = tuple(_zone(entry, f"zone[{i}]") for i, entry in enumerate(entries, start=1))
    _once_each([zone.zone_id for zone in zones])
    return Definitions(label, zones)


def _zone(entry: Any, where: str) -> BorderZone:
    if not isinstance(entry, Mapping) or set(entry) != _KEYS:
        raise DefinitionError(f"{where}: must have exactly the keys {', '.join(sorted(_KEYS))}.")
    return BorderZone(
        _zone_id(entry["id"], f"{where}.id"),
        _pair(entry["pair"], f"{where}.pair"),
        _depth(entry["depth_m"], f"{where}.depth_m"),
    )


def _zone_id(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or "/" in value:
        raise DefinitionError(f"{where}: {value!r} is no id. Write a text without a slash.")
    return value


def _pair(value: Any, where: str) -> tuple[str, str]:
    texts = isinstance(value, list) and all(isinstance(code, str) for code in value)
    if not texts or len(set(value)) != 2:
        raise DefinitionError(f'{where}: {value!r} is no pair. Write two codes, as ["NL", "BE"].')
    return value[0], value[1]


def _depth(value: Any, where: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not MIN_DEPTH_M <= value <= MAX_DEPTH_M:
        raise DefinitionError(
            f"{where}: {value!r} is no depth. Write metres from {MIN_DEPTH_M:.0f} to "
            f"{MAX_DEPTH_M:.0f}."
        )
    return float(value)


def _once_each(ids: list[str]) -> None:
    for zone_id in ids:
        if ids.count(zone_id) > 1:
            raise DefinitionError(f"zone.id: {zone_id!r} stands twice. Give each zone its own id.")
