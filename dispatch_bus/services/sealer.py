"""Sealer: gives committed journal entries their place."""

from __future__ import annotations

from dispatch_bus.application import sealing
from dispatch_bus.application.bus import Bus
from dispatch_bus.messaging.work import work
from dispatch_bus.services.wiring import Wired


class Sealer:
    """Seals in batches; one sealer leads at any time."""

    name = "sealer"
    bus: Bus = Wired("bus")

    @work(every_s=0.1)
    def seal(self) -> int | None:
        """Seal one batch."""
        return sealing.seal(self.bus)
