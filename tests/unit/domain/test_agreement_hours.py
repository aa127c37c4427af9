"""Agreed hours are legal time: over midnight, in summer and in winter."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from dispatch_bus.domain.agreement import LEGAL_TIME, Hours

OFFICE = Hours(start=time(8), end=time(18))
NIGHT = Hours(start=time(22), end=time(6))


@pytest.mark.parametrize(
    ("hours", "at", "inside"),
    [
        (OFFICE, time(8), True),
        (OFFICE, time(17, 59), True),
        (OFFICE, time(18), False),
        (OFFICE, time(7, 59), False),
        (NIGHT, time(22), True),
        (NIGHT, time(0), True),
        (NIGHT, time(5, 59), True),
        (NIGHT, time(6), False),
        (NIGHT, time(12), False),
    ],
)
def test_a_span_has_its_start_and_not_its_end(hours: Hours, at: time, inside: bool) -> None:
    """The first minute counts, the last does not, also over midnight."""
    assert hours.contain(datetime.combine(date(2026, 3, 2), at, LEGAL_TIME)) is inside


def test_hours_follow_summer_time() -> None:
    """07:30 UTC is before eight in winter and after it in summer."""
    assert not OFFICE.contain(datetime(2026, 1, 15, 6, 30, tzinfo=UTC))
    assert OFFICE.contain(datetime(2026, 7, 15, 6, 30, tzinfo=UTC))


def test_the_hour_that_summer_time_skips_is_in_no_span() -> None:
    """At the change two o'clock becomes three, in UTC one."""
    skipped = Hours(start=time(2), end=time(3))
    assert not skipped.contain(datetime(2026, 3, 29, 0, 59, tzinfo=UTC))
    assert not skipped.contain(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))


def test_the_hour_that_comes_twice_is_in_its_span_both_times() -> None:
    """When summer time ends, half past two comes twice."""
    twice = Hours(start=time(2), end=time(3))
    assert twice.contain(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert twice.contain(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
