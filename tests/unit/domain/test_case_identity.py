"""Which reports mean one case, and what a case keeps for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from making.values import NOON, incident, report, times

from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.incident import (
    Part,
    check_created,
    check_mode,
    check_times,
    merge_parts,
    same_case,
)
from dispatch_bus.domain.report import PartReport, Times


@pytest.mark.parametrize(("days", "same"), [(0, True), (30, True), (31, False), (365, False)])
def test_a_number_used_again_later_is_another_case(days: int, same: bool) -> None:
    """Thirty days apart, in either direction, is another use of the number."""
    assert same_case(NOON, NOON + timedelta(days=days)) is same
    assert same_case(NOON + timedelta(days=days), NOON) is same


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_case_whose_making_was_corrected_is_the_same_case(hours: int) -> None:
    """A room may say again when a case was made, to the minute or by another clock."""
    check_created(NOON, report(times=times(NOON + timedelta(hours=hours))))


@pytest.mark.parametrize("hours", [-25, -2, 2, 25])
def test_a_case_that_was_made_hours_apart_needs_a_number_of_its_own(hours: int) -> None:
    """Whoever numbers per day must not lose the case of today to that of yesterday."""
    with pytest.raises(Refused, match="mend the number"):
        check_created(NOON, report(times=times(NOON + timedelta(hours=hours))))


@pytest.mark.parametrize("name", ["available", "case_created", "event", "call_answered"])
def test_a_time_more_than_a_day_ahead_is_refused_by_name(name: str) -> None:
    """A clock that cannot be right is named."""
    ahead = NOON + timedelta(hours=24, seconds=1)
    told = Times(**{"available": NOON, "case_created": NOON, name: ahead})
    with pytest.raises(Refused, match=f"times.{name}"):
        check_times(report(times=told), NOON)


def test_a_clock_that_is_merely_fast_is_taken() -> None:
    """A day ahead is still a room with a wrong offset."""
    check_times(report(times=times(NOON + timedelta(hours=24))), NOON)


def test_a_case_keeps_its_mode() -> None:
    """A real case cannot become an exercise by a revision."""
    with pytest.raises(Refused, match="actual for good"):
        check_mode(Mode.ACTUAL, report(mode=Mode.EXERCISE))


def test_a_discipline_that_joins_becomes_a_part() -> None:
    """A second discipline is added, the first keeps its owner."""
    known = (Part(discipline=Discipline.FIRE, owner="NL-1"),)
    parts = merge_parts(known, report(parts=_told("NL-2", Discipline.POLICE)))
    assert [(part.discipline, part.owner) for part in parts] == [
        (Discipline.FIRE, "NL-1"),
        (Discipline.POLICE, "NL-2"),
    ]


def test_a_room_moves_a_part_between_its_own_centres() -> None:
    """A part that never left goes where its room says."""
    known = (Part(discipline=Discipline.FIRE, owner="NL-1"),)
    (part,) = merge_parts(known, report(parts=_told("NL-2", Discipline.FIRE)))
    assert part.owner == "NL-2"


def test_a_part_that_was_handed_over_stays_with_its_new_owner() -> None:
    """The former room still names itself, and no longer decides."""
    moved = Part(discipline=Discipline.FIRE, owner="BE-1", former_owner="NL-1")
    assert merge_parts((moved,), report()) == (moved,)


def test_a_part_that_the_case_has_not_is_refused() -> None:
    """The refusal names the discipline."""
    with pytest.raises(Refused, match="police"):
        incident().part(Discipline.POLICE)


def _told(centre: str, discipline: Discipline) -> tuple[PartReport, ...]:
    return (PartReport(discipline=discipline, centre=centre),)
