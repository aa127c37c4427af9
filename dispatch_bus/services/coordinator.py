"""Coordinator: decides incidents whose revision is ahead of their decision."""

from __future__ import annotations

from dispatch_bus.application import deciding
from dispatch_bus.application.bus import Bus
from dispatch_bus.messaging.work import work
from dispatch_bus.services.wiring import Wired


class Coordinator:
    """Decides in batches."""

    name = "coordinator"
    bus: Bus = Wired("bus")

    @work(every_s=1.0, wakes="decide")
    def decide(self) -> int:
        """Decide one batch."""
        return deciding.decide(self.bus)
