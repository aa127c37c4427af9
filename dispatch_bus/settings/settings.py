"""The settings that the bus runs by, built from the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from dispatch_bus.domain.agreement import Agreement, Hours
from dispatch_bus.domain.book import Book, Duty
from dispatch_bus.domain.centre import Centre, Desk
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.settings.checks.decisions import decisions
from dispatch_bus.settings.models import (
    AgreementEntry,
    Bus,
    CentreEntry,
    ResponsibilityFile,
    ZoneEntry,
)
from dispatch_bus.settings.room import Room, room_of


@frozen(kw_only=True)
class Settings:
    """All of one configuration folder, checked as far as its files alone can be.

    ``version`` is a short hash of the files' contents, and the book's version too.
    """

    folder: Path
    bus: Bus
    rooms: tuple[Room, ...]
    book: Book
    zones: tuple[ZoneEntry, ...]
    version: str


def build(folder: Path, materials: Mapping[str, Any], version: str) -> Settings:
    """Turn the models of a faultless folder into settings."""
    return Settings(
        folder=folder,
        bus=materials["bus"],
        rooms=tuple(
            room_of(entry, materials["codes"], materials["bus"])
            for entry in materials["rooms"].room
        ),
        book=_book(materials, version),
        zones=materials["zones"].zone,
        version=version,
    )


def _book(materials: Mapping[str, Any], version: str) -> Book:
    agreements = map(_agreement, materials["agreements"].agreement)
    return Book(
        version=version,
        centres={entry.id: _centre(entry) for entry in materials["centres"].centre},
        duties=dict(_duties(materials["responsibility"])),
        agreements={(one.pair, one.discipline): one for one in agreements},
    )


def _centre(entry: CentreEntry) -> Centre:
    return Centre(
        id=entry.id,
        name=entry.name,
        country=entry.country,
        lon=entry.lon,
        lat=entry.lat,
        disciplines=frozenset(entry.disciplines),
        catchment=frozenset(entry.catchment),
        phone=entry.phone,
        languages=entry.languages,
        second_channel=entry.second_channel,
        desks=tuple(Desk(name=desk.name, disciplines=desk.disciplines) for desk in entry.desks),
        room=entry.room,
        modes=frozenset(entry.modes),
    )


def _duties(
    responsibility: ResponsibilityFile,
) -> Iterator[tuple[tuple[str, Discipline], Duty]]:
    for decision in decisions(responsibility):
        if decision.entry.centre is not None:
            yield decision.subject, Duty(decision.entry.centre, decision.entry.backup)


def _agreement(entry: AgreementEntry) -> Agreement:
    return Agreement(
        id=entry.id,
        version=entry.version,
        pair=frozenset(entry.pair),
        discipline=entry.discipline,
        zone=entry.zone,
        legal_basis=entry.legal_basis,
        data_regime=entry.data_regime,
        least_priority=entry.least_priority,
        categories=frozenset(entry.categories),
        answer_s=entry.answer_s,
        offers_automatically=entry.offers_automatically,
        mirror_fields=frozenset(entry.mirror_fields),
        handoff_fields=frozenset(entry.handoff_fields),
        no_location=entry.no_location,
        no_location_centre=entry.no_location_centre,
        hours=Hours(start=entry.hours.start, end=entry.hours.end) if entry.hours else None,
    )
