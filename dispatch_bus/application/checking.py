"""Asks each room how it is, and measures how far its clock is off."""

from __future__ import annotations

from dispatch_bus.application.bus import Bus, Gate


def check(bus: Bus, room: str, gate: Gate) -> int:
    """Ask a room for its clock and note how far it is ahead of the database's.

    Half of the time that asking takes is the measurement's error. Returns 0: there is no more
    of this work to do at once.

    Raises:
        Retry: the room does not answer.
    """
    with bus.store.begin() as uow:
        asked = uow.now
    status = gate.check(deadline_s=bus.limits.deliver_deadline_s)
    with bus.store.begin() as uow:
        middle = asked + (uow.now - asked) / 2
        uow.rooms.note_clock(room, (status.clock - middle).total_seconds(), uow.now)
    return 0
