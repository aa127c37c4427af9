"""Incidents: one case with its parts, each part with exactly one owner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import attrs
from attrs import frozen

from dispatch_bus.domain.codes import CaseStatus, Discipline, Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.report import Report

# A room may use its case numbers again; cases made this far apart are two incidents.
SAME_CASE_WITHIN = timedelta(days=30)
# A room may correct when a case was made; it is hours or a day off where the case is another one.
CORRECTED_WITHIN = timedelta(hours=1)
# A clock this far ahead is broken or in another century, not merely fast.
FUTURE_LIMIT = timedelta(hours=24)


@frozen(kw_only=True)
class Source:
    """Where an incident comes from: a room, its case number, and which use of that number."""

    room: str
    number: str
    generation: int = 1


@frozen(kw_only=True)
class Part:
    """One discipline's share of an incident; ``former_owner`` handed it over."""

    discipline: Discipline
    owner: str
    former_owner: str | None = None


@frozen(kw_only=True)
class Incident:
    """One case on the bus at one revision. ``revision`` is the bus's own count, from 1."""

    id: UUID
    source: Source
    revision: int
    report: Report
    parts: tuple[Part, ...]
    correlation: str

    @property
    def is_open(self) -> bool:
        """Whether its room still works on it."""
        return self.report.status is CaseStatus.OPEN

    def part(self, discipline: Discipline) -> Part:
        """Return the part of ``discipline``; refuse one that the incident has not."""
        for part in self.parts:
            if part.discipline is discipline:
                return part
        raise Refused("discipline", discipline.value, "Name a discipline the incident has.")


def same_case(known_created: datetime, created: datetime) -> bool:
    """Tell whether a case number seen again still means the same case."""
    return abs(created - known_created) <= SAME_CASE_WITHIN


def check_created(known_created: datetime, report: Report) -> None:
    """Refuse an older revision that seems to be of another case under the same number.

    Raises:
        Refused: the two cases were made more than an hour apart.
    """
    if abs(report.times.case_created - known_created) > CORRECTED_WITHIN:
        remedy = (
            "It is older than what is known under this number, and its case was made at another "
            "time. A new case needs a number that the room has not used for 30 days: mend the "
            "number and replay the record. If it is the same case, dismiss it."
        )
        raise Refused("number", report.number, remedy)


def check_times(report: Report, now: datetime) -> None:
    """Refuse a report whose clock cannot be right.

    Raises:
        Refused: a time is more than 24 hours after ``now``.
    """
    for name, value in attrs.asdict(report.times, recurse=False).items():
        if value is not None and value - now > FUTURE_LIMIT:
            raise Refused(
                f"times.{name}", value.isoformat(), "Check the clock and UTC offset of the room."
            )


def check_mode(known: Mode, report: Report) -> None:
    """Refuse a report that makes a real case an exercise, or the reverse.

    Raises:
        Refused: its mode is another than the one that the case has had from its beginning.
    """
    if report.mode is not known:
        remedy = f"The case is {known} for good: open another one under its own number."
        raise Refused("mode", report.mode.value, remedy)


def merge_parts(known: Iterable[Part], report: Report) -> tuple[Part, ...]:
    """Bring parts up to date with a report: owners stay, new disciplines join.

    A part that moved by a handoff keeps its new owner, whatever its former room still says.
    """
    parts = {part.discipline: part for part in known}
    for told in report.parts:
        old = parts.get(told.discipline)
        if old is None or old.former_owner is None:
            parts[told.discipline] = Part(discipline=told.discipline, owner=told.centre)
    return tuple(parts[name] for name in sorted(parts))
