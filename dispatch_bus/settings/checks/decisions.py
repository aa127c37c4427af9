"""The responsibility table, spread out to single decisions."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from dispatch_bus.domain.codes import Discipline
from dispatch_bus.settings.models import DutyEntry, ResponsibilityFile


@frozen
class Decision:
    """Who is responsible for one area and discipline, and where the file says so."""

    key: str
    area: str
    discipline: Discipline
    entry: DutyEntry

    @property
    def subject(self) -> tuple[str, Discipline]:
        """What is decided: the area and the discipline."""
        return self.area, self.discipline


def decisions(responsibility: ResponsibilityFile) -> Iterator[Decision]:
    """Yield one decision per area and discipline; its key counts the duties from 1."""
    for place, entry in enumerate(responsibility.duty, start=1):
        for area in entry.areas:
            for discipline in entry.disciplines:
                yield Decision(f"duty.{place}", area, discipline, entry)
