"""Rooms that have nothing new, and say so sooner than they were asked to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from making.gates import ScriptedGate, page
from making.values import report
from making.wiring import MakeBus

from dispatch_bus.application import intake
from dispatch_bus.sdk.page import Page


class Clock(SimpleNamespace):
    """Stands still but for what a room takes, and notes how long anybody rests."""

    def __init__(self) -> None:
        super().__init__(now=0.0, rests=[])

    def monotonic(self) -> float:
        """Say how late it is."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Note the rest."""
        self.rests.append(seconds)


class TimedGate(ScriptedGate):
    """A room that takes so long for each page."""

    def __init__(self, clock: Clock, takes_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._takes_s = takes_s

    def pull(self, cursor: str | None, **asked: float) -> Page:
        """Let the time pass, then give the next page."""
        self._clock.now += self._takes_s
        return super().pull(cursor, **asked)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that intake sees."""
    made = Clock()
    monkeypatch.setattr(intake, "time", made)
    return made


@pytest.mark.parametrize(
    ("asked_s", "takes_s", "rest_s"),
    [(1.0, 0.0, 0.25), (1.0, 0.125, 0.125), (1.0, 0.5, 0.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0)],
)
def test_a_room_that_does_not_wait_for_news_is_given_a_rest(
    another_bus: MakeBus, clock: Clock, asked_s: float, takes_s: float, rest_s: float
) -> None:
    """It is not asked a hundred times a second; one that waits is asked again at once."""
    bus = another_bus(pull_wait_s=asked_s)
    assert intake.pull(bus, "NL", TimedGate(clock, takes_s)) == 0
    assert clock.rests == [rest_s]


def test_between_pages_with_records_nobody_rests(another_bus: MakeBus, clock: Clock) -> None:
    """Only what ends without news is followed by a rest."""
    gate = TimedGate(clock, 0.0)
    gate.pages += [page(str(number), report(f"C-{number}")) for number in (1, 2, 3)]
    bus = another_bus(pull_wait_s=1.0)
    pulled = []
    while sum(pulled) < 3:
        pulled.append(intake.pull(bus, "NL", gate))
    assert len(clock.rests) == len(pulled)
