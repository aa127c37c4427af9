"""The rooms of a benchmark: one process of its own that the benchmark tells what to publish."""

from __future__ import annotations

import json
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
from dispatch_bus.cli.simulation import option
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded import start_leashed

PROGRAM = Path(__file__).with_name("bench_rooms_main.py")
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
    process = start_leashed([sys.executable, str(PROGRAM), str(spec)], log=log)
    url = f"http://127.0.0.1:{control}"
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        try:
            wait_for(lambda: _answers(client), "the rooms answer")
            yield Rooms(process.pid, client)
        finally:
            process.kill()
            process.wait()


def _ports(settings: Settings) -> dict[str, int]:
    urls = {room.settings.id: option(room.settings, "url") for room in settings.rooms}
    return {room: urlsplit(url).port or 80 for room, url in urls.items()}


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/taken").is_success
    except httpx.TransportError:
        return False
