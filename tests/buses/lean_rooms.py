"""Rooms that cost little: one process for all of them, which is told what to publish."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from attrs import field, frozen
from servers.waiting import wait_for

from dispatch_bus.application.accounting import Received, Sent
from dispatch_bus.cli.private import free_ports
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded import start_leashed

_PROGRAM = "buses.lean_rooms_main"
_TESTS = Path(__file__).parents[1]
_SEED = 11


@frozen
class Rooms:
    """The running rooms. ``pid`` is their process."""

    pid: int
    _client: httpx.Client = field(repr=False)

    def publish(self, count: int, per_s: float | None = None) -> float:
        """Publish the next records at random moments, or all at once; return when that began.

        POSIX seconds, by the clock of this machine.
        """
        wish = {"count": count, "per_s": per_s, "seed": _SEED}
        return float(self._client.post("/publish", json=wish).json())

    def sent(self) -> list[Sent]:
        """Return every record that the rooms have published."""
        published: dict[str, list[str]] = self._client.get("/published").json()
        return [
            Sent(room=room, record=record)
            for room, records in published.items()
            for record in records
        ]

    def received(self) -> list[Received]:
        """Return every message that the rooms have taken. They know one that comes again."""
        taken: dict[str, list[str]] = self._client.get("/taken").json()
        return [
            Received(room=room, message=message, applied=1)
            for room, messages in taken.items()
            for message in messages
        ]


@contextmanager
def running(settings: Settings, stock: Path) -> Iterator[Rooms]:
    """Run the rooms of a configuration over a stock of prepared records."""
    (control,) = free_ports(1)
    spec = stock.with_suffix(".json")
    told = {"ports": _ports(settings), "control": control, "stock": str(stock)}
    spec.write_text(json.dumps(told))
    log = stock.with_suffix(".log")
    env = {**os.environ, "PYTHONPATH": str(_TESTS)}
    process = start_leashed([sys.executable, "-m", _PROGRAM, str(spec)], log=log, env=env)
    url = f"http://127.0.0.1:{control}"
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        try:
            wait_for(lambda: _answers(client), "the rooms answer")
            yield Rooms(process.pid, client)
        finally:
            process.kill()
            process.wait()


def _ports(settings: Settings) -> dict[str, int]:
    """Return the ports of the rooms that are reached over HTTP."""
    told = {room.settings.id: room.settings.options for room in settings.rooms}
    plain = {room: str(options["url"]) for room, options in told.items() if "token" in options}
    return {room: urlsplit(url).port or 80 for room, url in plain.items()}


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/taken").is_success
    except httpx.TransportError:
        return False
