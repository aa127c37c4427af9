"""Relay: carries wake-ups from the store to the broker."""

from __future__ import annotations

from dispatch_bus.application import relaying
from dispatch_bus.application.bus import Bus
from dispatch_bus.messaging.publisher import Publisher, Publishing
from dispatch_bus.messaging.work import work
from dispatch_bus.services.wiring import Wired


class Relay:
    """Publishes wake-ups in any order; losing one costs latency alone."""

    name = "relay"
    bus: Bus = Wired("bus")
    publisher: Publisher = Publishing()

    @work(every_s=0.0)
    def relay(self) -> int:
        """Publish wake-ups as they come; it is the store that waits for them."""
        return relaying.relay(self.bus, self.publisher.publish)
