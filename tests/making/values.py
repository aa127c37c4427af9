"""Domain values that a test need not spell out: every argument has a plain default."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import attrs

from dispatch_bus.domain.codes import Category, Discipline, Mode, Priority
from dispatch_bus.domain.incident import Incident, Part, Source
from dispatch_bus.domain.notice import Answer, AnswerKind, Notice, NoticeKind, NoticeState
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

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def times(at: datetime = NOON) -> Times:
    """Return the times of a case made and published at ``at``."""
    return Times(available=at, case_created=at)


def classification(**changes: Any) -> Classification:
    """Return a fire of priority 1."""
    usual: dict[str, Any] = {
        "category": Category.FIRE,
        "priority": Priority.LIFE_AT_RISK,
        "code": "F1",
        "label": "Fire in a building",
        "scheme": "TEST",
    }
    return Classification(**usual | changes)


def report(number: str = "C-1", at: Position | None = None, **changes: Any) -> Report:
    """Return a report of the Dutch room on a fire at ``at``."""
    usual: dict[str, Any] = {
        "number": number,
        "parts": (PartReport(discipline=Discipline.FIRE, centre="NL-1"),),
        "classification": classification(),
        "times": times(),
        "place": Place(position=at),
    }
    return Report(**usual | changes)


def personal(marker: str = "MARKER") -> Personal:
    """Return personal data of every kind, with ``marker`` in each text."""
    return Personal(
        notes=(Note(text=f"note {marker}", language="nl", at=NOON),),
        people=(
            Person(role="caller", name=f"name {marker}", phone=f"+31 {marker}", remark=marker),
        ),
        vehicles=(Vehicle(plate=f"P-{marker}", country="NL", description=f"car {marker}"),),
        address=Address(
            street=f"street {marker}",
            house_number=f"1-{marker}",
            postcode=f"PC {marker}",
            city=f"city {marker}",
            object_name=f"object {marker}",
        ),
        call_back=f"+32 {marker}",
    )


def incident(told: Report | None = None, **changes: Any) -> Incident:
    """Return an incident as filed from a report."""
    told = told or report()
    usual: dict[str, Any] = {
        "id": uuid4(),
        "source": Source(room="NL", number=told.number),
        "revision": 1,
        "report": told,
        "parts": tuple(Part(discipline=p.discipline, owner=p.centre) for p in told.parts),
        "correlation": "NL:1",
    }
    return Incident(**usual | changes)


def mirror(**changes: Any) -> Notice:
    """Return a mirror that was just opened."""
    return _notice(NoticeKind.MIRROR, NoticeState.OPENED, changes)


def handoff(**changes: Any) -> Notice:
    """Return a handoff that was just proposed."""
    return _notice(NoticeKind.HANDOFF, NoticeState.PROPOSED, changes)


def _notice(kind: NoticeKind, state: NoticeState, changes: dict[str, Any]) -> Notice:
    usual = Notice(
        id=uuid4(),
        kind=kind,
        incident=uuid4(),
        discipline=Discipline.FIRE,
        mode=Mode.ACTUAL,
        owner="NL-1",
        receiver="BE-1",
        state=state,
        revision=1,
        rule="border_zone",
        agreement="be-nl-fire",
        opened_at=NOON,
    )
    return attrs.evolve(usual, **changes)


def answer(kind: AnswerKind, notice: UUID | None = None, **changes: Any) -> Answer:
    """Return an answer of this kind, given at noon by desk 1."""
    usual: dict[str, Any] = {
        "id": str(uuid4()),
        "notice": notice or uuid4(),
        "kind": kind,
        "by": "desk-1",
        "at": NOON,
    }
    return Answer(**usual | changes)
