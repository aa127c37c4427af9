"""Explains how the rules see a place: who is responsible, and which neighbours would be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from attrs import frozen

from dispatch_bus.domain.agreement import Agreement
from dispatch_bus.domain.book import Book, Candidate
from dispatch_bus.domain.codes import Discipline, Priority
from dispatch_bus.domain.geography import Geography, Locality
from dispatch_bus.domain.incident import Incident, Part, Source
from dispatch_bus.domain.notice import NoticeKind
from dispatch_bus.domain.place import Place, Position
from dispatch_bus.domain.report import Classification, PartReport, Report, Times
from dispatch_bus.domain.routing import Verdict, judge

# Stands for the room, number and code of the incident that is imagined.
_NAME = "explained"


@frozen(kw_only=True)
class Responsible:
    """Who is responsible in a country for a discipline, by the duty for ``area``."""

    country: str
    discipline: Discipline
    centre: str
    area: str
    distance_m: float
    backup: str | None


@frozen(kw_only=True)
class Outcome:
    """What would happen for a neighbour, were an incident here in the owner's country.

    ``rule`` and ``kinds`` are none where the neighbour would not be told; ``reason`` then says
    why the agreement passes it over, and is none where no rule concerns it at all. ``entitled``
    are the neighbour's centres that have a duty within reach, the closest catchment first.
    """

    owner: str
    discipline: Discipline
    neighbour: str
    agreement: Agreement
    rule: str | None
    reason: str | None
    receiver: str | None
    kinds: tuple[NoticeKind, ...]
    entitled: tuple[Candidate, ...]


@frozen(kw_only=True)
class Explained:
    """A place as the rules see it."""

    position: Position
    locality: Locality
    responsible: tuple[Responsible, ...]
    outcomes: tuple[Outcome, ...]


def explain(book: Book, geography: Geography, position: Position, at: datetime) -> Explained:
    """Explain a position for an incident of the highest priority at the instant ``at``.

    Its category is one that the agreement in question names, so that only the place decides. For
    each discipline it is taken to be owned by whoever is responsible in a country that contains
    the position.
    """
    (locality,) = geography.locate([position])
    responsible = tuple(_responsible(book, locality))
    place = _Imagined(book=book, locality=locality, position=position, at=at)
    outcomes = tuple(
        _outcome(place, duty, agreement, neighbour)
        for duty in responsible
        for neighbour, agreement in book.agreements_of(duty.country, duty.discipline)
    )
    return Explained(
        position=position, locality=locality, responsible=responsible, outcomes=outcomes
    )


def _responsible(book: Book, locality: Locality) -> Iterator[Responsible]:
    for country in locality.centre_countries:
        for discipline in Discipline:
            found = book.responsible(locality, country, discipline)
            if found:
                area = _area(book, locality, discipline, found.centre.id)
                yield Responsible(
                    country=country,
                    discipline=discipline,
                    centre=found.centre.id,
                    area=area,
                    distance_m=found.distance_m,
                    backup=book.duties[area, discipline].backup,
                )


def _area(book: Book, locality: Locality, discipline: Discipline, centre: str) -> str:
    """Return the area whose duty names the centre: special zones first, then by distance."""
    areas = [hit.zone for hit in locality.special] + [hit.area for hit in locality.areas]
    duties = ((area, book.duties.get((area, discipline))) for area in areas)
    return next(area for area, duty in duties if duty and duty.centre == centre)


@frozen(kw_only=True)
class _Imagined:
    """An incident at a place and instant."""

    book: Book
    locality: Locality
    position: Position
    at: datetime


def _outcome(place: _Imagined, duty: Responsible, agreement: Agreement, neighbour: str) -> Outcome:
    verdict = judge(_incident(place, duty, agreement), place.locality, place.book, place.at)
    wanted = [one for one in verdict.wanted if one.agreement is agreement]
    return Outcome(
        owner=duty.centre,
        discipline=duty.discipline,
        neighbour=neighbour,
        agreement=agreement,
        rule=wanted[0].rule.value if wanted else None,
        reason=_reason(verdict, agreement),
        receiver=wanted[0].receiver if wanted else None,
        kinds=tuple(one.kind for one in wanted),
        entitled=tuple(
            place.book.closest(place.locality, place.position, neighbour, duty.discipline)
        ),
    )


def _reason(verdict: Verdict, agreement: Agreement) -> str | None:
    passed = (one.reason for one in verdict.passed if one.agreement == agreement.id)
    return next(passed, None)


def _incident(place: _Imagined, duty: Responsible, agreement: Agreement) -> Incident:
    told = Report(
        number=_NAME,
        parts=(PartReport(discipline=duty.discipline, centre=duty.centre),),
        classification=Classification(
            category=min(agreement.categories),
            priority=Priority.LIFE_AT_RISK,
            code=_NAME,
            label=_NAME,
            scheme=_NAME,
        ),
        times=Times(available=place.at, case_created=place.at),
        place=Place(position=place.position),
    )
    return Incident(
        id=UUID(int=0),
        source=Source(room=_NAME, number=told.number),
        revision=1,
        report=told,
        parts=(Part(discipline=duty.discipline, owner=duty.centre),),
        correlation=_NAME,
    )
