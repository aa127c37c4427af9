"""Asks each room how it is, and measures how far its clock is off."""

from __future__ import annotations

from dispatch_bus.application import inboxes
from dispatch_bus.application.bus import Bus, Gate


def check(bus: Bus, room: str, gate: Gate) -> int:
    """Ask a room how it is; note how far its clock is ahead of the database's, if it has said.

    Half of the time that asking takes is the measurement's error. Returns 0: there is no more
    of this work to do at once.

    Raises:
        Retry: the room does not answer.
    """
    with bus.store.begin() as uow:
        asked = uow.now
    status = gate.check(deadline_s=bus.limits.deliver_deadline_s)
    with bus.store.begin() as uow:
        if status.clock is not None:
            middle = asked + (uow.now - asked) / 2
            uow.rooms.note_clock(room, (status.clock - middle).total_seconds(), uow.now)
        inboxes.note_status(uow, room, status)
    return 0
