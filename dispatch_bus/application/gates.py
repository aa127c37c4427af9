"""The ways to all rooms: one process to read from each, and one to deliver to it."""

from __future__ import annotations

from collections.abc import Iterable

from dispatch_bus.application.bus import Gate
from dispatch_bus.domain.errors import Refused
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.process import RoomProcess


class Gates:
    """Adapter processes by room. They start when first used; a hanging one is replaced alone."""

    def __init__(self, rooms: Iterable[tuple[RoomSettings, str]]) -> None:
        self._pulling: dict[str, RoomProcess] = {}
        self._delivering: dict[str, RoomProcess] = {}
        for settings, adapter in rooms:
            self._pulling[settings.id] = RoomProcess(settings, adapter, role="pull")
            self._delivering[settings.id] = RoomProcess(settings, adapter, role="deliver")

    @property
    def rooms(self) -> list[str]:
        """The rooms there is a way to."""
        return sorted(self._pulling)

    def pulling(self, room: str) -> Gate:
        """Return the process that reads from a room."""
        return self._of(self._pulling, room)

    def delivering(self, room: str) -> Gate:
        """Return the process that delivers to a room."""
        return self._of(self._delivering, room)

    def close(self) -> None:
        """End every process."""
        for process in (*self._pulling.values(), *self._delivering.values()):
            process.close()

    def _of(self, processes: dict[str, RoomProcess], room: str) -> RoomProcess:
        if room not in processes:
            raise Refused("room", room, "Use the id of a room in rooms.toml.")
        return processes[room]
