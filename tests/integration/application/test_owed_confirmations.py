"""What is stored is confirmed to the room, however often that takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from making.gates import ScriptedGate, page
from making.values import NOON, report

from dispatch_bus.application import intake
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.intake import pull
from dispatch_bus.domain.errors import Retry
from dispatch_bus.store.rooms import RoomState


class DeafGate(ScriptedGate):
    """A room that does not answer its first confirmation."""

    is_deaf = True

    def confirm(self, cursor: str, **_: float) -> None:
        """Break off once, then keep the confirmation."""
        if self.is_deaf:
            self.is_deaf = False
            raise Retry("the room broke off")
        super().confirm(cursor)


def test_a_confirmation_that_failed_is_made_with_the_next_empty_page(bus: Bus) -> None:
    """A room that broke off hears what is stored although it sends nothing new."""
    gate = DeafGate()
    gate.pages.append(page("NL1", report("C-1")))
    with pytest.raises(Retry):
        pull(bus, "NL", gate)
    pull(bus, "NL", gate)

    assert gate.confirmed == ["NL1"]


def test_a_confirmation_is_made_once(bus: Bus) -> None:
    """A room that has heard it is left alone while it sends nothing new."""
    gate = ScriptedGate()
    gate.pages.append(page("NL1", report("C-1")))
    for _ in range(3):
        pull(bus, "NL", gate)

    assert gate.confirmed == ["NL1"]


def test_pages_that_follow_each_other_are_confirmed_together(bus: Bus) -> None:
    """A busy room is told once, of the last page, and all records count."""
    gate = ScriptedGate()
    gate.pages += [page(f"NL{number}", report(f"C-{number}")) for number in (1, 2, 3)]

    assert pull(bus, "NL", gate) == 3
    assert gate.confirmed == ["NL3"]


def test_what_was_stored_before_a_failure_is_confirmed_all_the_same(bus: Bus) -> None:
    """A room that breaks off between two pages hears of the first, and its failure is told."""
    gate = ScriptedGate()
    gate.pages += [page("NL1", report("C-1")), Retry("the page took too long")]
    with pytest.raises(Retry, match="the page took too long"):
        pull(bus, "NL", gate)
    assert gate.confirmed == ["NL1"]


def test_a_confirmation_that_fails_hides_no_failure(bus: Bus) -> None:
    """What the room broke off with is told, and the confirmation is owed."""
    gate = DeafGate()
    gate.pages += [page("NL1", report("C-1")), Retry("the page took too long")]
    with pytest.raises(Retry, match="the page took too long"):
        pull(bus, "NL", gate)
    assert gate.confirmed == []

    assert pull(bus, "NL", gate) == 0
    assert gate.confirmed == ["NL1"]


def test_a_room_that_is_away_is_asked_for_its_page_alone(bus: Bus) -> None:
    """A confirmation that is owed waits until it answers: each would take a time-out of its own."""
    gate = DeafGate()
    gate.pages += [page("NL1", report("C-1")), Retry("no answer"), Retry("no answer")]
    for _ in range(2):
        with pytest.raises(Retry, match="no answer"):
            pull(bus, "NL", gate)
    assert gate.confirmed == []


def test_a_room_that_has_always_something_new_is_confirmed_as_well(bus: Bus) -> None:
    """A second after the first page the turn ends, whatever else there is to read."""
    gate = ScriptedGate()
    gate.pages += [page(f"NL{number}", report(f"C-{number}")) for number in range(2_000)]
    while len(gate.confirmed) < 2:
        assert pull(bus, "NL", gate)

    assert gate.pages, "it was not read to its end"


def test_a_turn_of_which_next_to_nothing_is_left_ends(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room is not asked to wait for some microseconds."""
    stored_at = iter([NOON, NOON + timedelta(seconds=0.995)])

    store = intake.store_page

    def store_page(*asked: Any) -> RoomState | None:
        stored = store(*asked)
        return stored and attrs.evolve(stored, pulled_at=next(stored_at))

    gate = ScriptedGate()
    gate.pages += [page(f"NL{number}", report(f"C-{number}")) for number in (1, 2, 3)]
    monkeypatch.setattr(intake, "store_page", store_page)
    assert pull(bus, "NL", gate) == 2
    assert gate.confirmed == ["NL2"]
