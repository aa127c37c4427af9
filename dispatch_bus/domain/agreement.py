"""Agreements: what two countries have settled for one discipline."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from attrs import frozen

from dispatch_bus.domain.codes import Category, Discipline, Priority

# All five countries keep one legal time.
LEGAL_TIME = ZoneInfo("Europe/Brussels")


class Shareable(StrEnum):
    """A group of fields that an agreement lets travel, or not."""

    PLACE = "place"
    CLASSIFICATION = "classification"
    HAZARDS = "hazards"
    UNITS = "units"
    VOICE = "voice"
    TIMES = "times"
    ADDRESS = "address"
    NOTES = "notes"
    PEOPLE = "people"
    VEHICLES = "vehicles"
    CALL_BACK = "call_back"


PERSONAL = frozenset(
    {
        Shareable.ADDRESS,
        Shareable.NOTES,
        Shareable.PEOPLE,
        Shareable.VEHICLES,
        Shareable.CALL_BACK,
    }
)


class NoLocation(StrEnum):
    """What an incident without a usable location leads to."""

    NOTHING = "nothing"
    CENTRE = "centre"
    ALARM = "alarm"


@frozen(kw_only=True)
class Hours:
    """A daily span in legal time; it may cross midnight."""

    start: time
    end: time

    def contain(self, at: datetime) -> bool:
        """Tell whether the aware instant ``at`` falls into the span."""
        local = at.astimezone(LEGAL_TIME).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@frozen(kw_only=True)
class Agreement:
    """The settled rules of one country pair and one discipline.

    ``zone`` names the border zone whose depth applies; ``least_priority`` is the lowest urgency
    that is mirrored; ``answer_s`` the seconds an offer waits for its answer; ``legal_basis`` and
    ``data_regime`` are quoted in each decision that rests on the agreement.
    """

    id: str
    version: int
    pair: frozenset[str]
    discipline: Discipline
    zone: str
    legal_basis: str
    data_regime: str
    least_priority: Priority
    categories: frozenset[Category]
    answer_s: float
    offers_automatically: bool
    mirror_fields: frozenset[Shareable]
    handoff_fields: frozenset[Shareable]
    no_location: NoLocation = NoLocation.NOTHING
    no_location_centre: str | None = None
    hours: Hours | None = None

    def obstacle(self, category: Category, priority: Priority, at: datetime) -> str | None:
        """Return the code of what keeps this case out of the agreement, or none."""
        if category not in self.categories:
            return "category_not_agreed"
        if priority > self.least_priority:
            return "priority_below_agreed"
        if self.hours and not self.hours.contain(at):
            return "outside_agreed_hours"
        return None
