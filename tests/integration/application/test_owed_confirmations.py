"""What is stored is confirmed to the room, however often that takes."""

from __future__ import annotations

import pytest
from making.gates import ScriptedGate, page
from making.values import report

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.intake import pull
from dispatch_bus.domain.errors import Retry


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
