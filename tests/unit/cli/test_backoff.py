"""The wait before a process is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatch_bus.cli.supervise.backoff import Backoff


def waits(lives_s: list[float]) -> list[float]:
    backoff, seen = Backoff(), []
    for life in lives_s:
        backoff = backoff.after_life(life)
        seen.append(backoff.delay_s)
        backoff = backoff.after_wait()
    return seen


def test_the_wait_doubles_up_to_five_seconds() -> None:
    """A process that keeps dying young is started less and less often."""
    assert waits([0.0] * 7) == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_life_of_ten_seconds_begins_anew() -> None:
    """A process that did its work for a while is started at once after an accident."""
    assert waits([0.0, 0.0, 10.0, 0.0]) == [0.2, 0.4, 0.2, 0.4]


@given(st.lists(st.floats(min_value=0, max_value=1e6)))
def test_the_wait_keeps_its_bounds(lives_s: list[float]) -> None:
    """Whatever happened before, the wait is from 0.2 to 5 s."""
    assert all(0.2 <= wait <= 5.0 for wait in waits(lives_s))
