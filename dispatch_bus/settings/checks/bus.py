"""Checks of ``bus.toml``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from dispatch_bus.settings.checks.addresses import Listener, conflict, listeners, room_address
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import Bus, RoomsFile
from dispatch_bus.settings.veil import veiled

FILE = "bus.toml"


def durations_fit(bus: Bus) -> Iterator[Finding]:
    """Find times that contradict each other."""
    intake, delivery = bus.intake, bus.delivery
    if intake.wait_s >= intake.deadline_s:
        remedy = "Make it shorter than intake.deadline_s: the room waits so long before it answers."
        yield Finding(FILE, "intake.wait_s", intake.wait_s, remedy)
    if delivery.retry_first_s > delivery.retry_longest_s:
        remedy = "Make it no longer than delivery.retry_longest_s: waits grow from it."
        yield Finding(FILE, "delivery.retry_first_s", delivery.retry_first_s, remedy)


def listeners_apart(bus: Bus) -> Iterator[Finding]:
    """Find two of the bus's own servers on one port, on whatever address of this machine."""
    for one, other in combinations(listeners(bus), 2):
        if one.port == other.port != 0:
            yield Finding(FILE, other.key, other.port, f"{one.key} has this port: use another.")


def rooms_apart_from_bus(bus: Bus, rooms: RoomsFile) -> Iterator[Finding]:
    """Find rooms that are said to be where the bus itself listens."""
    for room in rooms.room:
        host, port = room_address(room)
        at_room = Listener(f"room.{room.id}.options.url", host, port)
        for own in listeners(bus):
            if conflict(own, at_room):
                remedy = f"{own.key} in {FILE} has this port: use another."
                yield Finding("rooms.toml", at_room.key, veiled("url", room.options["url"]), remedy)
