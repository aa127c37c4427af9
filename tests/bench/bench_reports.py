"""Reports from real places, as many and as mixed as a benchmark wants."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from making.values import classification, personal, times

from dispatch_bus.application.bus import Bus
from dispatch_bus.bootstrap import places_folder
from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.place import Place, Position
from dispatch_bus.domain.report import PartReport, Report
from dispatch_bus.sdk.simulator.sites import Site, gather


def reports(bus: Bus, count: int, seed: int) -> list[tuple[str, Report]]:
    """Return (room, report) of cases at places drawn from all there are, near the border and far.

    The responsible centre has the case; one in two carries personal fields.
    """
    chance = random.Random(seed)
    sites = chance.choices(gather(places_folder()), k=count * 2)
    localities = bus.geography.locate([_position(site) for site in sites])
    made = _made(bus, list(zip(sites, localities, strict=True)), chance)
    return [one for _, one in zip(range(count), made, strict=False)]


def _made(
    bus: Bus, places: Sequence[tuple[Site, Locality]], chance: random.Random
) -> Iterator[tuple[str, Report]]:
    now = datetime.now(UTC)
    for number, (site, locality) in enumerate(places):
        discipline = chance.choice(list(Discipline))
        duty = bus.book.responsible(locality, site.country, discipline)
        if duty is None or duty.centre.room is None:
            continue
        nature = classification(
            category=chance.choice(list(Category)), priority=chance.choice(list(Priority))
        )
        yield (
            duty.centre.room,
            Report(
                number=f"B-{number}",
                parts=(PartReport(discipline=discipline, centre=duty.centre.id),),
                classification=nature,
                times=times(now),
                place=Place(position=_position(site)),
                **({"personal": personal()} if number % 2 else {}),
            ),
        )


def _position(site: Site) -> Position:
    return Position(lon=site.lon, lat=site.lat, radius_m=20.0)
