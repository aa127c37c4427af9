"""Timekeeper: acts on deadlines."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch_bus.application import retention, timekeeping
from dispatch_bus.application.bus import Bus
from dispatch_bus.messaging.work import work
from dispatch_bus.services.wiring import Wired


class Timekeeper:
    """Expires, closes, alarms and erases when it is time."""

    name = "timekeeper"
    bus: Bus = Wired("bus")

    @work(every_s=0.5)
    def keep_time(self) -> int:
        """Act on everything whose time has come."""
        return timekeeping.keep_time(self.bus)

    @work(every_s=3600.0)
    def erase(self) -> int:
        """Destroy the keys of days whose retention has ended."""
        return retention.erase_ended(self.bus, datetime.now(UTC))
