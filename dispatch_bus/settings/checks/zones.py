"""Checks of ``zones.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from dispatch_bus.settings.checks.identity import repeated
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import ZonesFile

FILE = "zones.toml"


def each_once(zones: ZonesFile) -> Iterator[Finding]:
    """Find two zones with one id."""
    yield from repeated(FILE, "zone.id", (zone.id for zone in zones.zone))


def as_built(zones: ZonesFile, facts: GeographyFacts) -> Iterator[Finding]:
    """Find zones that the built file does not have, or has between other countries."""
    for zone in zones.zone:
        built = facts.zones.get(zone.id)
        if built is None or set(built) != set(zone.pair):
            remedy = "The built zones do not have this: build them again from zones.toml."
            yield Finding(FILE, f"zone.{zone.id}.pair", list(zone.pair), remedy)
