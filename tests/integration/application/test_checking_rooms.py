"""Rooms are asked how they are, and one that does not say is not asked more often."""

from __future__ import annotations

import pytest
from making.wiring import Desk

from dispatch_bus.application.checking import check
from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry


@pytest.mark.parametrize(
    ("failure", "after_s"),
    [
        (Retry("no answer"), 30.0),
        (Retry("the room is being serviced", 60.0), 60.0),
        (Refused("name", None, "Send one."), 30.0),
    ],
)
def test_a_room_that_does_not_say_how_it_is_is_asked_again_with_the_next_sweep(
    desk: Desk, failure: DispatchBusError, after_s: float
) -> None:
    """What is slow to answer is not asked all the time, nor sooner than it wants to be."""
    gate = desk.gates["NL"]
    gate.failures.append(failure)
    with pytest.raises(Retry) as told:
        check(desk.bus, "NL", gate)
    assert told.value.after_s == after_s
    assert check(desk.bus, "NL", gate) == 0
