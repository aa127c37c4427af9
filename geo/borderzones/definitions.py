"""The border zones and special zones that an operator defines in ``zones.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from borderzones.checks import (
    each_once,
    exact_keys,
    identifier,
    pair_of,
    texts,
    within,
)
from borderzones.errors import DefinitionError
from borderzones.special import SpecialZone, special_zone

MIN_DEPTH_M = 100.0
MAX_DEPTH_M = 50_000.0
_KEYS, _MORE = {"id", "pair", "depth_m"}, {"disciplines"}


@frozen
class BorderZone:
    """Strips along the border of a pair of countries, one in each, as an agreement names them.

    ``depths_m`` says, in the order of the pair, how many metres from the other country the strip
    in that country reaches; 0 where that side has none. ``disciplines`` are those that the zone
    is for; all where there are none.
    """

    zone_id: str
    pair: tuple[str, str]
    depths_m: tuple[float, float]
    disciplines: tuple[str, ...] = ()

    @property
    def deepest_m(self) -> float:
        """The greater of the two depths."""
        return max(self.depths_m)

    def depth_m(self, side: str) -> float:
        """Return the depth of the strip in the country ``side``."""
        return self.depths_m[self.pair.index(side)]


@frozen
class Definitions:
    """The content of one ``zones.toml``.

    ``label`` is the operator's name for the edition and ``valid_from`` the moment from which it
    is to be used (UTC), none for at once. The others are in the file's order.
    """

    label: str
    zones: tuple[BorderZone, ...]
    special: tuple[SpecialZone, ...] = ()
    valid_from: datetime | None = None


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
    if unknown := set(table) - {"label", "valid_from", "zone", "special"}:
        raise DefinitionError(
            f"{min(unknown)}: unknown key. Use label, valid_from, [[zone]] and [[special]]."
        )
    label, entries = table.get("label"), table.get("zone")
    if not isinstance(label, str) or not label:
        raise DefinitionError('label: missing. Write a name for this edition, as "2026-11".')
    if not isinstance(entries, list) or not entries:
        raise DefinitionError("zone: missing. Write at least one [[zone]].")
    special = table.get("special", [])
    if not isinstance(special, list):
        raise DefinitionError("special: not a list. Write each one as [[special]].")
    zones = tuple(_zone(entry, f"zone[{i}]") for i, entry in enumerate(entries, start=1))
    rules = tuple(special_zone(entry, f"special[{i}]") for i, entry in enumerate(special, start=1))
    each_once("zone.id", [zone.zone_id for zone in zones])
    each_once("special.id", [rule.special_id for rule in rules])
    return Definitions(label, zones, rules, _moment(table.get("valid_from")))


def _zone(entry: Any, where: str) -> BorderZone:
    fields = exact_keys(entry, where, _KEYS, _MORE)
    pair = pair_of(fields["pair"], f"{where}.pair")
    return BorderZone(
        identifier(fields["id"], f"{where}.id"),
        pair,
        _depths(fields["depth_m"], pair, f"{where}.depth_m"),
        texts(fields.get("disciplines", []), f"{where}.disciplines"),
    )


def _depths(value: Any, pair: tuple[str, str], where: str) -> tuple[float, float]:
    if not isinstance(value, Mapping):
        depth = within(value, where, MIN_DEPTH_M, MAX_DEPTH_M, "depth")
        return depth, depth
    if set(value) != set(pair):
        raise DefinitionError(
            f"{where}: names {', '.join(sorted(map(str, value)))}. Give a depth for each of "
            f"{pair[0]} and {pair[1]}."
        )
    first, second = (_depth(value[side], f"{where}.{side}") for side in pair)
    if not first and not second:
        raise DefinitionError(f"{where}: both sides are 0. Give one a depth, or remove the zone.")
    return first, second


def _depth(value: Any, where: str) -> float:
    if value == 0 and not isinstance(value, bool):
        return 0.0
    return within(value, where, MIN_DEPTH_M, MAX_DEPTH_M, "depth")


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise DefinitionError(
            f"valid_from: {value!r} is no moment. Write date, time and offset, as "
            "2026-12-01T06:00:00+01:00."
        )
    return value.astimezone(UTC)
