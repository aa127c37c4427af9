"""Checks of ``centres.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from dispatch_bus.settings.checks.identity import repeated, unknown
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import CentreEntry, CentresFile, RoomsFile

FILE = "centres.toml"


def each_once(centres: CentresFile) -> Iterator[Finding]:
    """Find two centres with one id."""
    yield from repeated(FILE, "centre.id", (centre.id for centre in centres.centre))


def rooms_known(centres: CentresFile, rooms: RoomsFile) -> Iterator[Finding]:
    """Find centres that work on a room that does not exist, or on another country's."""
    countries = {room.id: room.country for room in rooms.room}
    for centre in centres.centre:
        if centre.room is None:
            continue
        key = f"centre.{centre.id}.room"
        if centre.room not in countries:
            yield unknown(FILE, key, centre.room, countries, "rooms.toml")
        elif countries[centre.room] != centre.country:
            remedy = f"This room is in {countries[centre.room]}: name one in {centre.country}."
            yield Finding(FILE, key, centre.room, remedy)


def desks_fit(centres: CentresFile) -> Iterator[Finding]:
    """Find desks of a discipline that the centre has not, and disciplines without a desk."""
    for centre in centres.centre:
        has = set(centre.disciplines)
        staffed = {discipline for desk in centre.desks for discipline in desk.disciplines}
        key = f"centre.{centre.id}.desks"
        for discipline in sorted(staffed - has):
            remedy = "Take it from the desk, or add it to the centre's disciplines."
            yield Finding(FILE, key, discipline.value, remedy)
        for discipline in sorted(has - staffed):
            remedy = "Name a desk for it: a part never travels to a desk of another discipline."
            yield Finding(FILE, key, discipline.value, remedy)


def catchments_known(centres: CentresFile, facts: GeographyFacts) -> Iterator[Finding]:
    """Find catchment areas that do not exist or lie in another country."""
    for centre in centres.centre:
        for area in centre.catchment:
            yield from _area(centre, area, facts)


def _area(centre: CentreEntry, area: str, facts: GeographyFacts) -> Iterator[Finding]:
    key, countries = f"centre.{centre.id}.catchment", facts.countries(area)
    if not countries:
        yield unknown(FILE, key, area, {*facts.areas, *facts.special}, "the geography data")
    elif centre.country not in countries:
        remedy = f"This area is in {', '.join(sorted(countries))}: name one in {centre.country}."
        yield Finding(FILE, key, area, remedy)
