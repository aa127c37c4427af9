"""A small world: three countries, a border zone, places in it, and what the zones say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from dispatch_bus.domain.agreement import Agreement, Shareable
from dispatch_bus.domain.book import Book, Duty
from dispatch_bus.domain.centre import Centre, SecondChannel
from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.domain.geography import Answer, AreaHit, CountryHit, Locality, ZoneHit
from dispatch_bus.domain.place import Position

AWARENESS = frozenset(
    {
        Shareable.PLACE,
        Shareable.CLASSIFICATION,
        Shareable.HAZARDS,
        Shareable.UNITS,
        Shareable.VOICE,
        Shareable.TIMES,
    }
)
EVERYTHING = frozenset(Shareable)
ZONE = "BE-NL"


def spot(number: int) -> Position:
    """Return a position of its own for each number."""
    return Position(lon=5.0 + number / 100, lat=50.8)


# Where a test puts its incidents; LOCALITIES says what the zones know of each.
IN_ZONE, FAR_INSIDE, ACROSS, ON_BORDER, SHARED, TRI_BORDER, NOWHERE, ABROAD = map(spot, range(8))


def locality(**changes: Any) -> Locality:
    """Return a place in the Dutch side of the zone, two kilometres from Belgium."""
    usual: dict[str, Any] = {
        "answer": Answer.PLACE,
        "version": "zones-1",
        "countries": (CountryHit("NL", True),),
        "centre_countries": ("NL",),
        "areas": (
            AreaHit("nl-south", "NL", 0.0),
            AreaHit("be-east", "BE", 2_000.0),
            AreaHit("be-west", "BE", 9_000.0),
            AreaHit("de-west", "DE", 20_000.0),
        ),
        "zones": (ZoneHit(ZONE, "NL", True, 2_000.0),),
    }
    return Locality(**usual | changes)


def far_inside() -> Locality:
    """Return a place in the Netherlands that no zone touches."""
    return locality(zones=())


def across() -> Locality:
    """Return a place in Belgium alone, in the catchment of its eastern area."""
    return locality(
        countries=(CountryHit("BE", True),),
        centre_countries=("BE",),
        areas=(AreaHit("be-east", "BE", 0.0), AreaHit("nl-south", "NL", 500.0)),
        zones=(ZoneHit(ZONE, "BE", True, 500.0),),
    )


def on_border() -> Locality:
    """Return a circle that touches the border, its centre in the Netherlands."""
    return locality(countries=(CountryHit("NL", False), CountryHit("BE", False)))


def shared() -> Locality:
    """Return a place that belongs to both countries."""
    return locality(
        countries=(CountryHit("NL", True), CountryHit("BE", True)), centre_countries=("BE", "NL")
    )


def tri_border() -> Locality:
    """Return a circle that touches three countries."""
    hits = tuple(CountryHit(country, False) for country in ("BE", "DE", "NL"))
    return locality(countries=hits, centre_countries=("NL",))


def not_a_place() -> Locality:
    """Return what is said of a missing position."""
    return Locality(answer=Answer.NOT_A_PLACE, version="zones-1", reason="nan")


def abroad() -> Locality:
    """Return what is said of a good coordinate beyond everything that the zones know."""
    return Locality(answer=Answer.OUTSIDE, version="zones-1", reason="outside")


LOCALITIES: Mapping[Position | None, Locality] = {
    None: not_a_place(),
    IN_ZONE: locality(),
    FAR_INSIDE: far_inside(),
    ACROSS: across(),
    ON_BORDER: on_border(),
    SHARED: shared(),
    TRI_BORDER: tri_border(),
    NOWHERE: not_a_place(),
    ABROAD: abroad(),
}


class Atlas:
    """Geography over hand-made localities."""

    version = "zones-1"

    def __init__(self, localities: Mapping[Position | None, Locality] = LOCALITIES) -> None:
        self.localities = dict(localities)

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Answer each position in order."""
        return [self.localities[position] for position in positions]

    def renew(self) -> None:
        """Do nothing: this world stays as it is."""


def centre(name: str, **changes: Any) -> Centre:
    """Return a fire centre of the country that its name begins with, on that country's room."""
    country = name[:2]
    usual: dict[str, Any] = {
        "id": name,
        "name": f"Centre {name}",
        "country": country,
        "lon": 5.5,
        "lat": 50.8,
        "disciplines": frozenset(Discipline),
        "catchment": frozenset(),
        "phone": f"phone of {name}",
        "languages": ("nl",),
        "second_channel": SecondChannel.TELEPHONE,
        "room": country,
    }
    return Centre(**usual | changes)


def agreement(*pair: str, **changes: Any) -> Agreement:
    """Return an agreement on fire between two countries that lets everything through."""
    discipline = changes.get("discipline", Discipline.FIRE)
    usual: dict[str, Any] = {
        "id": f"{'-'.join(sorted(pair)).lower()}-{discipline}",
        "version": 3,
        "pair": frozenset(pair),
        "discipline": discipline,
        "zone": "-".join(sorted(pair)),
        "legal_basis": "Treaty",
        "data_regime": "GDPR",
        "least_priority": Priority.PLANNED,
        "categories": frozenset(Category),
        "answer_s": 60.0,
        "offers_automatically": False,
        "mirror_fields": AWARENESS,
        "handoff_fields": EVERYTHING,
    }
    return Agreement(**usual | changes)


def book(*agreements: Agreement, **changes: Any) -> Book:
    """Return a book of six centres with the agreements given, or one of BE and NL on fire."""
    settled = agreements or (agreement("BE", "NL"), agreement("DE", "NL"))
    centres = ("NL-1", "NL-2", "BE-1", "BE-2", "DE-1", "LU-1")
    areas = {
        "nl-south": "NL-1",
        "nl-north": "NL-2",
        "be-east": "BE-1",
        "be-west": "BE-2",
        "de-west": "DE-1",
    }
    usual = Book(
        version="book-1",
        centres={name: centre(name) for name in centres},
        duties={
            (area, discipline): Duty(name)
            for area, name in areas.items()
            for discipline in Discipline
        },
        agreements={(one.pair, one.discipline): one for one in settled},
    )
    return attrs.evolve(usual, **changes)
