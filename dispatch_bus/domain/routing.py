"""Who is to know of a part, and who ought to have it: the rules, with their reasons.

The rules say what *should* stand open for a part at this moment. What then has to be opened,
updated or closed is the difference to what stands open already (``reconcile``), so deciding the
same revision twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import frozen

from dispatch_bus.domain.agreement import Agreement, NoLocation
from dispatch_bus.domain.book import Book, Candidate
from dispatch_bus.domain.geography import Answer, Locality, ZoneHit
from dispatch_bus.domain.incident import Incident, Part
from dispatch_bus.domain.notice import NoticeKind
from dispatch_bus.domain.place import Position


class Rule(StrEnum):
    """Why a neighbour is to know, or is not."""

    BORDER_ZONE = "border_zone"
    FOREIGN_TERRITORY = "foreign_territory"
    SHARED_TERRITORY = "shared_territory"
    SPECIAL_ZONE = "special_zone"
    UNCERTAIN = "uncertain"
    NO_LOCATION = "no_location"
    FORMER_OWNER = "former_owner"
    OUT_OF_ZONE = "out_of_zone"
    PART_MOVED = "part_moved"
    INCIDENT_CLOSED = "incident_closed"


@frozen(kw_only=True)
class Wanted:
    """A notice that should stand open. ``facts`` explain it as codes and parameters."""

    kind: NoticeKind
    part: Part
    receiver: str
    rule: Rule
    agreement: Agreement
    facts: dict[str, Any]


@frozen(kw_only=True)
class Passed:
    """A neighbour that is not to know, with the code of the reason."""

    part: Part
    neighbour: str
    reason: str
    agreement: str


@frozen(kw_only=True)
class Verdict:
    """The outcome of the rules for one incident at one revision."""

    wanted: tuple[Wanted, ...] = ()
    passed: tuple[Passed, ...] = ()
    alarms: tuple[Passed, ...] = ()


def judge(incident: Incident, locality: Locality, book: Book, at: datetime) -> Verdict:
    """Apply responsibility and agreements to every part of an incident at the instant ``at``."""
    if not incident.is_open:
        return Verdict()
    found = [
        outcome
        for question in _questions(incident, locality, book)
        for outcome in _decide(question, at)
    ]
    return Verdict(
        wanted=tuple(one for one in found if isinstance(one, Wanted)),
        passed=tuple(one for one in found if isinstance(one, Passed) and one.reason != "alarm"),
        alarms=tuple(one for one in found if isinstance(one, Passed) and one.reason == "alarm"),
    )


def concerns_neighbours(incident: Incident, locality: Locality, book: Book) -> bool:
    """Tell whether any agreement could ever apply, or the bus should keep no more than a stub."""
    return any(_ground(question) for question in _questions(incident, locality, book))


@frozen(kw_only=True)
class _Question:
    """Is this neighbour to know of this part?"""

    incident: Incident
    part: Part
    locality: Locality
    book: Book
    neighbour: str
    agreement: Agreement

    @property
    def home(self) -> str:
        return self.book.centre(self.part.owner).country

    @property
    def former_owner(self) -> str | None:
        name = self.part.former_owner
        # One that has left the book is no reason to decide nothing.
        former = self.book.centres.get(name) if name else None
        return former.id if former and former.country == self.neighbour else None

    def passed(self, reason: str) -> Passed:
        return Passed(
            part=self.part,
            neighbour=self.neighbour,
            reason=reason,
            agreement=self.agreement.id,
        )


def _questions(incident: Incident, locality: Locality, book: Book) -> Iterator[_Question]:
    for part in incident.parts:
        home = book.centre(part.owner).country
        for neighbour, agreement in book.agreements_of(home, part.discipline):
            yield _Question(
                incident=incident,
                part=part,
                locality=locality,
                book=book,
                neighbour=neighbour,
                agreement=agreement,
            )


def _ground(asked: _Question) -> Rule | None:
    """Return the rule by which the neighbour is concerned, or none."""
    locality, home, neighbour = asked.locality, asked.home, asked.neighbour
    if asked.former_owner:
        return Rule.FORMER_OWNER
    # A good coordinate beyond everything that the zones know is a place, and far from any border.
    if locality.answer is Answer.NOT_A_PLACE:
        silent = asked.agreement.no_location is NoLocation.NOTHING
        return None if silent else Rule.NO_LOCATION
    if home in locality.centre_countries and neighbour in locality.centre_countries:
        return Rule.SHARED_TERRITORY
    if locality.surely_in(neighbour) and not locality.may_be_in(home):
        return Rule.FOREIGN_TERRITORY
    if locality.may_be_in(neighbour):
        return Rule.UNCERTAIN
    return _zone_ground(asked)


def _zone_ground(asked: _Question) -> Rule | None:
    who = asked.home, asked.neighbour, asked.part.discipline
    if any(hit.concerns(*who) for hit in asked.locality.special):
        return Rule.SPECIAL_ZONE
    return Rule.BORDER_ZONE if any(_zone_hits(asked)) else None


def _zone_hits(asked: _Question) -> Iterator[ZoneHit]:
    for hit in asked.locality.zones:
        if hit.zone == asked.agreement.zone and hit.side == asked.home:
            yield hit


def _decide(asked: _Question, at: datetime) -> Iterator[Wanted | Passed]:
    rule = _ground(asked)
    if rule is None:
        return
    nature = asked.incident.report.classification
    obstacle = asked.agreement.obstacle(nature.category, nature.priority, at)
    if obstacle and rule is not Rule.FORMER_OWNER:
        yield asked.passed(obstacle)
    elif ranked := _candidates(asked, rule):
        yield from _aimed(asked, rule, ranked)
    else:
        yield asked.passed("alarm" if _alarms(asked, rule) else "no_entitled_centre")


def _alarms(asked: _Question, rule: Rule) -> bool:
    return rule is Rule.NO_LOCATION and asked.agreement.no_location is NoLocation.ALARM


def _candidates(asked: _Question, rule: Rule) -> list[Candidate]:
    """Rank whom to turn to, best first, by the rule that applies."""
    if rule in (Rule.FORMER_OWNER, Rule.NO_LOCATION):
        named = asked.former_owner or asked.agreement.no_location_centre
        centre = asked.book.centre(named) if named else None
        fits = centre is not None and centre.country == asked.neighbour
        return [Candidate(centre, 0.0)] if centre and fits else []
    ranked = asked.book.closest(
        asked.locality, _position(asked.incident), asked.neighbour, asked.part.discipline
    )
    if rule is Rule.BORDER_ZONE:
        return ranked
    first = asked.book.responsible(asked.locality, asked.neighbour, asked.part.discipline)
    return [first, *(c for c in ranked if c.centre.id != first.centre.id)] if first else ranked


def _position(incident: Incident) -> Position:
    position = incident.report.place.position
    if position is None:
        raise LookupError("a place was found for an incident without a position")
    return position


def _aimed(asked: _Question, rule: Rule, ranked: list[Candidate]) -> Iterator[Wanted | Passed]:
    target = ranked[0].centre
    if asked.incident.report.mode not in target.modes:
        yield asked.passed("receiver_cannot_show_mode")
        return
    kinds = [NoticeKind.MIRROR]
    if rule is Rule.FOREIGN_TERRITORY:
        kinds.append(NoticeKind.HANDOFF)
    for kind in kinds:
        yield Wanted(
            kind=kind,
            part=asked.part,
            receiver=target.id,
            rule=rule,
            agreement=asked.agreement,
            facts=_explanation(asked, rule, ranked),
        )


def _explanation(asked: _Question, rule: Rule, ranked: list[Candidate]) -> dict[str, Any]:
    locality, agreement = asked.locality, asked.agreement
    hits = [hit for hit in locality.zones if hit.zone == agreement.zone]
    # A circle across the border touches both strips; the centre is 0 m from its own country.
    hit = max(hits, key=lambda hit: hit.border_m, default=None)
    return {
        "rule": rule.value,
        "zone": hit.zone if hit else None,
        "zones_version": locality.version,
        "book_version": asked.book.version,
        "border_m": round(hit.border_m, 1) if hit else None,
        "certain": all(hit.certain for hit in locality.countries),
        "countries": [hit.country for hit in locality.countries],
        "special": [hit.zone for hit in locality.special],
        "candidates": [
            {"centre": one.centre.id, "catchment_m": round(one.distance_m, 1)} for one in ranked[:3]
        ],
        "agreement": agreement.id,
        "agreement_version": agreement.version,
        "legal_basis": agreement.legal_basis,
        "data_regime": agreement.data_regime,
    }
