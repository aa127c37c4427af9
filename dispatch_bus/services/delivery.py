"""Delivery: hands tellings to the rooms, one lane each."""

from __future__ import annotations

from dispatch_bus.application import checking, delivering
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.gates import Gates
from dispatch_bus.messaging.work import work
from dispatch_bus.services.wiring import Wired


class Delivery:
    """Delivers what is due; a room that hangs holds up no other."""

    name = "delivery"
    bus: Bus = Wired("bus")
    gates: Gates = Wired("gates")

    @work(every_s=1.0, wakes="deliver", lanes="rooms")
    def deliver(self, room: str) -> int:
        """Deliver one telling to a room."""
        return delivering.deliver(self.bus, room, self.gates.delivering(room))

    @work(every_s=checking.EVERY_S, lanes="rooms")
    def check(self, room: str) -> int:
        """Ask a room how it is."""
        return checking.check(self.bus, room, self.gates.delivering(room))
