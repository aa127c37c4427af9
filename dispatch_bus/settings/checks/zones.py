"""Checks of ``zones.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from dispatch_bus.settings.checks.identity import repeated
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding, Level
from dispatch_bus.settings.models import ZonesFile

FILE = "zones.toml"
_REMEDY = "The built zones do not have this: build them again from zones.toml."


def each_once(zones: ZonesFile) -> Iterator[Finding]:
    """Find two zones, or two special zones, with one id."""
    yield from repeated(FILE, "zone.id", (zone.id for zone in zones.zone))
    yield from repeated(FILE, "special.id", (zone.id for zone in zones.special))


def of_other_edition(zones: ZonesFile, facts: GeographyFacts) -> bool:
    """Tell whether the file describes another edition than the one that is looked at."""
    return facts.label is not None and facts.label != zones.label


def as_built(zones: ZonesFile, facts: GeographyFacts) -> Iterator[Finding]:
    """Find zones that the built file does not have, or has otherwise.

    The file may describe another edition than the one in force, which is worth a warning alone.
    """
    if of_other_edition(zones, facts):
        remedy = f"The zones in force are those of {facts.label}: build and publish these."
        yield Finding(FILE, "label", zones.label, remedy, Level.WARNING)
        return
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
