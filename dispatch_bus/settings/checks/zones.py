"""Checks of ``zones.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from dispatch_bus.settings.checks.identity import repeated
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import ZonesFile

FILE = "zones.toml"
_REMEDY = "The built zones do not have this: build them again from zones.toml."


def each_once(zones: ZonesFile) -> Iterator[Finding]:
    """Find two zones, or two special zones, with one id."""
    yield from repeated(FILE, "zone.id", (zone.id for zone in zones.zone))
    yield from repeated(FILE, "special.id", (zone.id for zone in zones.special))


def as_built(zones: ZonesFile, facts: GeographyFacts) -> Iterator[Finding]:
    """Find zones that the built file does not have, or has otherwise."""
    for zone in zones.zone:
        built = facts.zones.get(zone.id)
        if built is None or set(built) != set(zone.pair):
            yield Finding(FILE, f"zone.{zone.id}.pair", list(zone.pair), _REMEDY)
        elif facts.depths.get(zone.id, zone.depths) != zone.depths:
            yield Finding(FILE, f"zone.{zone.id}.depth_m", zone.depth_m, _REMEDY)
    for rule in zones.special:
        if facts.special.get(rule.id) != frozenset(rule.countries):
            key = f"special.{rule.id}.countries"
            yield Finding(FILE, key, list(rule.countries), _REMEDY)
