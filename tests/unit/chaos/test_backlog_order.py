"""Whether a backlog was delivered in order, from moments that are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from chaos.driving.backlog import Waiting, backwards, overtaken

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAITING = {
    "urgent": Waiting(room="NL", priority=1),
    "soon": Waiting(room="NL", priority=3),
    "elsewhere": Waiting(room="BE", priority=3),
}


def attempts(**seconds: float) -> list[tuple[datetime, str]]:
    """Return attempts at these seconds after noon, by their messages."""
    return [(NOON + timedelta(seconds=second), name) for name, second in seconds.items()]


def test_what_goes_before_something_more_urgent_is_counted() -> None:
    """Of those that waited for the same room alone."""
    assert overtaken(attempts(urgent=0, soon=10, elsewhere=0), WAITING) == 0
    assert overtaken(attempts(soon=0, urgent=10, elsewhere=0), WAITING) == 1


def test_claims_at_the_same_time_have_no_order() -> None:
    """Two processes that take their share at once may begin with either."""
    assert overtaken(attempts(soon=0, urgent=0.1), WAITING) == 0


def test_what_had_not_waited_counts_for_nothing() -> None:
    """Neither something new, however urgent it is, nor another attempt at the same."""
    first = attempts(urgent=0, soon=10, new=20)
    assert overtaken([*first, *attempts(urgent=20)], WAITING) == 0


def test_an_older_message_after_a_newer_one_is_counted() -> None:
    """To the same side, about the same notice."""
    one, other = UUID(int=1), UUID(int=2)
    told = [f"{one}/receiver/2", f"{other}/receiver/1", f"{one}/owner/1"]
    assert backwards(told) == 0
    assert backwards([*told, f"{one}/receiver/1"]) == 1
