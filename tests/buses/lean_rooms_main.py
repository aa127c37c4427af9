"""Every room in one process, without people or disk: prepared records out, messages in.

``python -m buses.lean_rooms_main SPEC.json``. It speaks the plain adapter's interface on a port for
each room, and listens to who measures on one more. What it takes it keeps in memory alone.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import define, field, frozen
from buses.lean_http import Request, listen

# Where the time of publication goes in a prepared record.
AVAILABLE = b"@available@"
_CURSOR = b'{"cursor":"%d","records":[%s]}'


@frozen
class Prepared:
    """A record as it stands in a page, with a gap for the time at which it became available."""

    room: str
    page_entry: bytes

    def at(self, available: float) -> bytes:
        """Return it as it was published at a POSIX time."""
        return self.page_entry.replace(AVAILABLE, _iso(available).encode())


@define
class Room:
    """One room: what it has published, and when it first took each message."""

    name: str
    published: list[bytes] = field(factory=list)
    taken: dict[str, str] = field(factory=dict)
    _news: asyncio.Event = field(factory=asyncio.Event)

    def publish(self, entries: Sequence[bytes]) -> None:
        """Make records available, and tell whoever waits."""
        self.published += entries
        self._news.set()
        self._news = asyncio.Event()

    async def handle(self, request: Request) -> tuple[int, bytes]:
        """Answer a request of the room's adapter."""
        match request.what:
            case "GET /records":
                return 200, await self._page(request.parameters)
            case "POST /notices":
                return 200, self._take(request.body)
            case "POST /confirm":
                return 204, b""
            case "GET /status":
                return 200, json.dumps({"name": self.name, "clock": _iso(time.time())}).encode()
            case _:
                return 404, b"{}"

    async def _page(self, told: dict[str, str]) -> bytes:
        after, limit = int(told.get("after", "0")), int(told["limit"])
        if after >= len(self.published):
            await self._wait(float(told.get("wait", "0")))
        entries = self.published[after : after + limit]
        return _CURSOR % (after + len(entries), b",".join(entries))

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def _take(self, body: bytes) -> bytes:
        message = json.loads(body)["id"]
        received = self.taken.setdefault(message, _iso(time.time()))
        return json.dumps({"reference": message, "received": received}).encode()


@define
class Rooms:
    """All rooms, and the records that they have yet to publish, in the order of their coming."""

    rooms: dict[str, Room]
    stock: Iterator[Prepared]
    _publishing: set[asyncio.Task[None]] = field(factory=set)

    async def handle(self, request: Request) -> tuple[int, bytes]:
        """Answer who measures."""
        match request.what:
            case "POST /publish":
                return 200, json.dumps(self._start(**json.loads(request.body))).encode()
            case "GET /published":
                published = {
                    name: [json.loads(entry)["id"] for entry in room.published]
                    for name, room in self.rooms.items()
                }
                return 200, json.dumps(published).encode()
            case "GET /taken":
                taken = {name: list(room.taken) for name, room in self.rooms.items()}
                return 200, json.dumps(taken).encode()
            case _:
                return 404, b"{}"

    def _start(self, count: int, per_s: float | None, seed: int) -> float:
        """Publish ``count`` records from now on, at random moments or all at once."""
        began, due_s, chance = time.time(), 0.0, random.Random(seed)
        due = []
        for _, record in zip(range(count), self.stock, strict=False):
            due_s += chance.expovariate(per_s) if per_s else 0.0
            due.append((began + due_s, record))
        task = asyncio.create_task(self._publish(due))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)
        return began

    async def _publish(self, due: Sequence[tuple[float, Prepared]]) -> None:
        """Publish each record at its time.

        The time that it names is the one at which it was due: where this process is late, the
        waiting counts as the bus's own, and no figure gets better by it.
        """
        done = 0
        while done < len(due):
            now, by_room = time.time(), {name: [] for name in self.rooms}
            while done < len(due) and due[done][0] <= now:
                at, record = due[done]
                by_room[record.room].append(record.at(at))
                done += 1
            for name, entries in by_room.items():
                if entries:
                    self.rooms[name].publish(entries)
            if done < len(due):
                await asyncio.sleep(max(0.0, due[done][0] - time.time()))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _stock(path: Path) -> Iterator[Prepared]:
    """Read the prepared records, one a line: its room, a tab, and how it stands in a page."""
    for line in path.read_bytes().splitlines():
        room, entry = line.split(b"\t", 1)
        yield Prepared(room.decode(), entry)


async def run(spec: dict[str, object]) -> None:
    """Serve until killed."""
    ports: dict[str, int] = spec["ports"]  # type: ignore[assignment]
    rooms = {name: Room(name) for name in ports}
    control = Rooms(rooms, _stock(Path(str(spec["stock"]))))
    servers = [await listen(port, rooms[name].handle) for name, port in ports.items()]
    servers.append(await listen(int(str(spec["control"])), control.handle))
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(run(json.loads(Path(sys.argv[1]).read_text())))
