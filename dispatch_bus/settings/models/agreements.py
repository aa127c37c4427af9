"""``agreements.toml``: what each country pair has settled for each discipline."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import Field

from dispatch_bus.domain.agreement import NoLocation, Shareable
from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.settings.models.fields import Count, Id, Pair, Seconds, Table, Text, Truth
from dispatch_bus.settings.models.zones import ZoneId


class HoursEntry(Table):
    """A daily span in legal time; it may cross midnight."""

    start: time
    end: time


class AgreementEntry(Table):
    """One agreement; ``answer_s`` is how many seconds an offer waits for its answer.

    ``data_regime`` may be empty only where no personal field travels; ``confirmed`` turns true
    once both authorities have checked the entry.
    """

    id: Id
    version: Count
    pair: Pair
    discipline: Discipline
    zone: ZoneId
    legal_basis: Text
    data_regime: str
    least_priority: Priority
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    answer_s: Seconds
    offers_automatically: Truth
    mirror_fields: Annotated[tuple[Shareable, ...], Field(min_length=1)]
    handoff_fields: Annotated[tuple[Shareable, ...], Field(min_length=1)]
    no_location: NoLocation
    no_location_centre: Id | None = None
    hours: HoursEntry | None = None
    confirmed: Truth


class AgreementsFile(Table):
    """All of ``agreements.toml``."""

    agreement: tuple[AgreementEntry, ...]
