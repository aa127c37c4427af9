"""A small border: where things are, who is there, and what a room reports of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from dispatch_bus.application.bus import Limits
from dispatch_bus.domain.agreement import Agreement, Shareable
from dispatch_bus.domain.book import Book, Duty
from dispatch_bus.domain.centre import Centre, SecondChannel
from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.domain.geography import Answer, AreaHit, CountryHit, Locality, ZoneHit
from dispatch_bus.domain.place import Address, Place, Position
from dispatch_bus.domain.report import (
    Classification,
    Note,
    PartReport,
    Person,
    Personal,
    Report,
    Times,
    Vehicle,
)

SECRET = "Zyxmarker"
OWNER, RECEIVER = "NL-MK-LIM", "BE-112-LIM"
ABROAD, NEAR, INLAND = 5.60, 5.70, 6.00
PERSONAL = Personal(
    notes=(Note(text=f"{SECRET} bekneld", language="nl", at=datetime(2026, 3, 1, tzinfo=UTC)),),
    people=(Person(role="caller", name=SECRET, phone=SECRET, remark=SECRET),),
    vehicles=(Vehicle(plate=SECRET, description=SECRET),),
    address=Address(street=f"{SECRET}straat", house_number="1", city="Maastricht"),
    call_back=SECRET,
)


class Border:
    """Answers by longitude: abroad, near the border, or far inland."""

    version = "test"

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Answer each position."""
        return [self._one(one.lon if one else INLAND) for one in positions]

    def renew(self) -> None:
        """Do nothing: this border stays where it is."""

    def _one(self, lon: float) -> Locality:
        country = "BE" if lon == ABROAD else "NL"
        zones = () if lon == INLAND else (ZoneHit("NL-BE-15km", country, True, 900.0),)
        return Locality(
            answer=Answer.PLACE,
            version=self.version,
            countries=(CountryHit(country, True),),
            centre_countries=(country,),
            areas=(AreaHit("BE-1", "BE", 0.0), AreaHit("NL-1", "NL", 0.0)),
            zones=zones,
        )


def _centre(name: str, country: str, room: str, phone: str) -> Centre:
    return Centre(
        id=name,
        name=f"Centre {name}",
        country=country,
        lon=5.7,
        lat=50.8,
        disciplines=frozenset({Discipline.FIRE}),
        catchment=frozenset({f"{country}-1"}),
        phone=phone,
        languages=("nl",),
        second_channel=SecondChannel.TELEPHONE,
        room=room,
    )


AGREEMENT = Agreement(
    id="NL-BE-fire",
    version=1,
    pair=frozenset({"NL", "BE"}),
    discipline=Discipline.FIRE,
    zone="NL-BE-15km",
    legal_basis="a treaty",
    data_regime="a law",
    least_priority=Priority.PLANNED,
    categories=frozenset(Category),
    answer_s=60.0,
    offers_automatically=False,
    mirror_fields=frozenset({Shareable.PLACE, Shareable.CLASSIFICATION}),
    handoff_fields=frozenset(Shareable),
)
BOOK = Book(
    version="test",
    centres={
        OWNER: _centre(OWNER, "NL", "NL-ROOM", "+31 000 000 001"),
        RECEIVER: _centre(RECEIVER, "BE", "BE-ROOM", "+32 000 000 002"),
    },
    duties={("NL-1", Discipline.FIRE): Duty(OWNER), ("BE-1", Discipline.FIRE): Duty(RECEIVER)},
    agreements={(AGREEMENT.pair, Discipline.FIRE): AGREEMENT},
)
LIMITS = Limits(
    page=100,
    pull_wait_s=0.0,
    pull_deadline_s=5.0,
    backlog=1_000,
    decide_batch=100,
    deliver_deadline_s=5.0,
    retry_first_s=0.01,
    retry_most_s=0.02,
    overdue_s=10.0,
    leave_hold_s=60.0,
    seal_batch=1_000,
    checkpoint_every=1_000,
    checkpoint_rest_s=0.0,
    lease_s=60.0,
    share_after_s=0.0,
    personal_days=90,
)


def report(number: str, lon: float = NEAR, **changes: Any) -> Report:
    """Make a report of a fire, with the marker in every personal field."""
    now = datetime.now(UTC)
    made = Report(
        number=number,
        revision=1,
        parts=(PartReport(discipline=Discipline.FIRE, centre=OWNER),),
        classification=Classification(
            category=Category.FIRE,
            priority=Priority.LIFE_AT_RISK,
            code="B2",
            label="Brand in woning",
            scheme="NL",
        ),
        times=Times(available=now, case_created=now - timedelta(seconds=60)),
        place=Place(position=Position(lon=lon, lat=50.85, radius_m=20), municipality="Eijsden"),
        personal=PERSONAL,
    )
    return evolve(made, **changes)
