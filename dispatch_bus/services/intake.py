"""Intake: pulls from the rooms, one lane each."""

from __future__ import annotations

from dispatch_bus.application import intake, leasing, replaying
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.gates import Gates
from dispatch_bus.messaging.work import work
from dispatch_bus.services.wiring import Wired


class Intake:
    """Asks each room for what is new, and reads again what a person asks for.

    A room that another process reads is left to that, and its adapter ends here.
    """

    name = "intake"
    bus: Bus = Wired("bus")
    gates: Gates = Wired("gates")

    @work(every_s=0.01, lanes="rooms")
    def pull(self, room: str) -> int | None:
        """Pull one page."""
        return intake.pull(self.bus, room, self.gates.pulling(room))

    @work(every_s=1.0)
    def replay(self) -> int:
        """Read quarantined records again."""
        return replaying.replay_asked(self.bus, self.gates.rooms, self.gates.pulling)

    @work(every_s=1.0)
    def renew(self) -> int:
        """Go on as the one who reads, also while a room takes its time."""
        return leasing.renew(self.bus)

    @work(every_s=1.0)
    def share(self) -> int:
        """Ask for a room of a process that reads more of them."""
        return leasing.share(self.bus, self.gates.rooms, self.gates.pulling)
