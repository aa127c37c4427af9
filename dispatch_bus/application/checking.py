"""Asks each room how it is, and measures how far its clock is off."""

from __future__ import annotations

from typing import Final

from dispatch_bus.application import inboxes
from dispatch_bus.application.bus import Bus, Gate
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.sdk.adapter import RoomStatus

EVERY_S: Final = 30.0
"""How often a room is asked, in seconds."""


def check(bus: Bus, room: str, gate: Gate) -> int:
    """Ask a room how it is; note how far its clock is ahead of the database's, if it has said.

    Half of the time that asking takes is the measurement's error. Returns 0: there is no more
    of this work to do at once.

    Raises:
        Retry: the room does not answer; it is asked again no sooner than one that does.
    """
    with bus.store.begin() as uow:
        asked = uow.now
    status = _asked(bus, gate)
    with bus.store.begin() as uow:
        if status.clock is not None:
            middle = asked + (uow.now - asked) / 2
            uow.rooms.note_clock(room, (status.clock - middle).total_seconds(), uow.now)
        inboxes.note_status(uow, room, status)
    return 0


def _asked(bus: Bus, gate: Gate) -> RoomStatus:
    try:
        return gate.check(deadline_s=bus.limits.deliver_deadline_s)
    except Retry as away:
        raise Retry(away.what, max(away.after_s, EVERY_S)) from away
    except Refused as refusal:
        raise Retry(str(refusal), EVERY_S) from refusal
