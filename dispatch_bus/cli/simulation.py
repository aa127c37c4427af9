"""Simulated control rooms for every room of a configuration, each a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from attrs import frozen

from dispatch_bus.application.accounting import Received, Sent
from dispatch_bus.bootstrap import data_folder, places_folder
from dispatch_bus.cli.supervise import Child
from dispatch_bus.domain.errors import Stop
from dispatch_bus.domain.json import to_json
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.simulator import sites
from dispatch_bus.sdk.simulator.ledger import FILE_NAME
from dispatch_bus.sdk.simulator.log import RoomLog
from dispatch_bus.sdk.simulator.spec import Outage, RoomCentre, RoomCode, Spec
from dispatch_bus.settings import Settings


@frozen(kw_only=True)
class Simulation:
    """How lively the rooms are. ``down`` is the room that has an outage, and when."""

    seed: int
    rate_per_s: float
    stop_after_s: float | None = None
    down: tuple[str, Outage] | None = None


def children(settings: Settings, simulation: Simulation) -> list[Child]:
    """Return the processes of the simulated rooms; their folders are made, their specs written."""
    folder = rooms_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    places = folder / "sites.json"
    sites.write(sites.gather(places_folder()), places)
    return [_child(settings, room.settings, simulation, places) for room in settings.rooms]


def rooms_folder(settings: Settings) -> Path:
    """Return the folder that holds the rooms' own logs."""
    return data_folder(settings.bus) / "rooms"


def has_begun(settings: Settings) -> bool:
    """Tell whether every room has opened its log, and so its scenario."""
    folder = rooms_folder(settings)
    return all((folder / room.settings.id / FILE_NAME).is_file() for room in settings.rooms)


def sent(settings: Settings) -> list[Sent]:
    """Return every record that the rooms have sent, as often as they sent it."""
    return [Sent(room=room, record=one.id) for room, log in _logs(settings) for one in log.sent()]


def received(settings: Settings) -> list[Received]:
    """Return every message that the rooms got."""
    return [
        Received(room=room, message=one.id, applied=one.times_applied)
        for room, log in _logs(settings)
        for one in log.received()
    ]


def unconfirmed(settings: Settings) -> int:
    """Return how many records the rooms have sent that no confirmation covers yet."""
    return sum(not one.confirmed for _, log in _logs(settings) for one in log.sent())


def _logs(settings: Settings) -> Sequence[tuple[str, RoomLog]]:
    folder = rooms_folder(settings)
    return [(room.settings.id, RoomLog(folder / room.settings.id)) for room in settings.rooms]


def option(room: RoomSettings, name: str) -> str:
    """Return an option that every simulated room needs.

    Raises:
        Stop: the room has it not: it speaks another language than the simulated rooms.
    """
    if name not in room.options:
        raise Stop(
            f"Room {room.id} has no option {name!r} in rooms.toml.",
            "Only rooms of the adapter 'plain' can be simulated; run the others with: up.",
        )
    return str(room.options[name])


def _child(settings: Settings, room: RoomSettings, simulation: Simulation, places: Path) -> Child:
    folder = places.with_name(room.id)
    folder.mkdir(exist_ok=True)
    spec = folder / "spec.json"
    spec.touch(mode=0o600)
    spec.write_text(json.dumps(to_json(_spec(settings, room, simulation, places))))
    # It counts as ready at once: the bus asks again and again, and the rooms start together.
    return Child(
        name=f"room {room.id}",
        command=(sys.executable, "-m", "dispatch_bus.sdk.simulator", str(spec)),
        log=data_folder(settings.bus) / "log" / f"room-{room.id}.log",
    )


def _spec(settings: Settings, room: RoomSettings, simulation: Simulation, places: Path) -> Spec:
    address = urlsplit(option(room, "url"))
    down = simulation.down
    return Spec(
        room=room.id,
        country=room.country,
        host=address.hostname or "127.0.0.1",
        port=address.port or 80,
        token=option(room, "token"),
        seed=simulation.seed,
        rate_per_s=simulation.rate_per_s,
        folder=str(places.with_name(room.id)),
        epsg=room.epsg,
        scheme=room.scheme,
        codes=tuple(
            RoomCode(code=code, label=one.label, category=one.category, priority=one.priority)
            for code, one in room.codes.items()
        ),
        centres=_centres(settings, room.id),
        sites=str(places),
        stop_after_s=simulation.stop_after_s,
        outage=down[1] if down and down[0] == room.id else None,
    )


def _centres(settings: Settings, room: str) -> tuple[RoomCentre, ...]:
    return tuple(
        RoomCentre(
            id=one.id,
            disciplines=tuple(sorted(one.disciplines)),
            lon=one.lon,
            lat=one.lat,
            catchment=tuple(sorted(one.catchment)),
        )
        for one in settings.book.centres.values()
        if one.room == room
    )
