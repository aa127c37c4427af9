"""Measuring: what counts, from when to when, and what is kept out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from journal_making import Line, write
from making.values import NOON

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.measuring import measure
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Act


def filed(correlation: str = "NL:1", **changes: Any) -> Line:
    """Return a report that was filed, available at noon."""
    kind = changes.pop("kind", EntryKind.INCIDENT_RECORDED)
    mode = changes.pop("mode", Mode.ACTUAL)
    facts = {"available_at": NOON.isoformat(), "centres": ["NL-1"], "room": "NL", "record": "1"}
    return Line(kind, facts | changes, mode, correlation)


def delivered(after_ms: float, message: str = "m", **changes: Any) -> Line:
    """Return a delivery so many milliseconds after noon."""
    at = NOON + timedelta(milliseconds=after_ms)
    facts = {"act": Act.MIRROR.value, "message": message, "received_at": at.isoformat()}
    mode, correlation = changes.pop("mode", Mode.ACTUAL), changes.pop("correlation", "NL:1")
    return Line(EntryKind.DELIVERY_MADE, facts | {"room": "BE"} | changes, mode, correlation)


def test_a_latency_is_from_available_to_delivered(journal_bus: Bus) -> None:
    """By the rooms' own clocks: the sender's for the first, the receiver's for the second."""
    write(journal_bus, [filed(), delivered(250.0)])
    assert measure(journal_bus).latencies_ms == [250.0]


@pytest.mark.parametrize("act", sorted(Act))
def test_only_what_tells_a_neighbour_of_a_case_has_a_latency(journal_bus: Bus, act: Act) -> None:
    """A confirmation or the end of a notice answers to a person's pace, not to the bus's."""
    write(journal_bus, [filed(), delivered(250.0, act=act.value)])
    told = act in {Act.MIRROR, Act.OFFER}
    assert measure(journal_bus).latencies_ms == ([250.0] if told else [])


def test_each_revision_counts_from_when_it_was_available(journal_bus: Bus) -> None:
    """The second revision's delivery is not measured from the first one's time."""
    later = (NOON + timedelta(seconds=60)).isoformat()
    lines = [filed(), delivered(100.0, "m1"), filed("NL:2", available_at=later)]
    write(journal_bus, [*lines, delivered(60_300.0, "m2", correlation="NL:2")])
    assert measure(journal_bus).latencies_ms == [100.0, 300.0]


def test_records_are_counted_by_each_centre_of_the_case_once(journal_bus: Bus) -> None:
    """Stubs count as well; a centre with two parts of one case has one record of it."""
    lines = [filed(centres=["NL-1", "NL-2", "NL-1"]), filed(kind=EntryKind.INCIDENT_STUBBED)]
    write(journal_bus, lines)
    assert measure(journal_bus).pulled == {"NL-1": 2, "NL-2": 1}


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_exercise_and_test_are_kept_out(journal_bus: Bus, mode: Mode) -> None:
    """Neither their records nor their latencies are in a figure."""
    write(journal_bus, [filed(mode=mode), delivered(250.0, mode=mode)])
    measured = measure(journal_bus)
    assert (measured.pulled, measured.latencies_ms) == ({}, [])


def test_an_empty_bus_has_empty_figures(journal_bus: Bus) -> None:
    """Nothing is made up where nothing happened."""
    measured = measure(journal_bus)
    assert (measured.pulled, measured.mirrors, measured.handoffs) == ({}, {}, {})
    assert (measured.quarantined, measured.latencies_ms) == (0, [])
