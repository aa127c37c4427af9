"""Who is responsible where: for an area, a stretch of a road or the bank of a river."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final, Literal, get_args

from attrs import frozen

from borderzones.classes import Combination
from borderzones.errors import DutyError

Ground = Literal["", "section", "special_zone", "area", "nearest_area"]
#: Why a centre was chosen, by number: its section, its special zone or its region contains the
#: point, or its region is the nearest of the country's.
GROUNDS: Final[tuple[Ground, ...]] = get_args(Ground)


@frozen
class Spot:
    """A place on a line, as crews say it: the road and where along it, or the bank of a river.

    What is not known is empty, and the kilometre none.
    """

    road: str = ""
    direction: str = ""
    kilometre: float | None = None
    river_bank: str = ""


@frozen
class Section:
    """The part of an area that a duty is for: a road, a stretch of it one way, or a river's bank.

    Kilometres run from ``from_km`` to ``to_km``, both included. An empty direction is both.
    """

    road: str = ""
    direction: str = ""
    from_km: float = float("-inf")
    to_km: float = float("inf")
    river_bank: str = ""

    def holds(self, spot: Spot) -> bool:
        """Tell whether a place on a line is in this section for sure."""
        if self.river_bank:
            return spot.river_bank == self.river_bank
        is_whole = self.from_km == float("-inf") and self.to_km == float("inf")
        along = is_whole if spot.kilometre is None else self.from_km <= spot.kilometre <= self.to_km
        return spot.road == self.road and self.direction in ("", spot.direction) and along


@frozen
class Duty:
    """A centre answers for an area and a discipline; ``backup`` stands in, empty where nobody does.

    ``area`` is a region or a special zone. A duty with a ``section`` is for that part of it alone.
    """

    area: str
    discipline: str
    centre_id: str
    backup: str = ""
    section: Section | None = None


@frozen(eq=False)
class Duties:
    """The duties of one country's centres for one discipline, by the ids of regions and others.

    All are numbers in the whole list of duties.
    """

    regions: Mapping[str, int]
    special: Mapping[str, int]
    sections: Mapping[int, Duty]

    def at(self, combination: Combination) -> tuple[int, Ground]:
        """Return the duty where these areas are, by special zone or else by region; -1 for none."""
        for special_id in combination.special:
            if special_id in self.special:
                return self.special[special_id], "special_zone"
        here = self.regions_of(combination)
        return (self.regions[here[0]], "area") if here else (-1, "")

    def on(self, spot: Spot, combination: Combination) -> int:
        """Return the duty for a section of one of these areas that holds a spot; -1 for none."""
        areas = {*combination.special, *combination.regions}
        held = (
            number
            for number, duty in self.sections.items()
            if duty.area in areas and duty.section and duty.section.holds(spot)
        )
        return next(held, -1)

    def regions_of(self, combination: Combination) -> list[str]:
        """Return those of the combination's regions that have a duty."""
        return [region for region in combination.regions if region in self.regions]


def check_duties(duties: Sequence[Duty], areas: Set[str], centres: Set[str]) -> None:
    """Raise `DutyError` for an unknown area or centre, and for two duties for the same."""
    seen = set()
    for duty in duties:
        where = f"duty for {duty.area}, {duty.discipline}"
        if duty.area not in areas:
            raise DutyError(f"{where}: no such area. Use the id of a region or special zone.")
        for centre in (duty.centre_id, duty.backup or duty.centre_id):
            if centre not in centres:
                raise DutyError(f"{where}: no centre {centre!r}. Use the id of one of the centres.")
        claim = (duty.area, duty.discipline, duty.section)
        if claim in seen:
            raise DutyError(f"{where}: stands twice. Leave one of the two.")
        seen.add(claim)
