"""An outage's backlog: as much as wanted waits for delivery, and then all of it is delivered."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import attrs
import psycopg
from buses import lean_rooms
from buses.cases import case
from buses.lean_rooms import Rooms
from chaos.driving import outcome
from chaos.driving.arena import Arena

from dispatch_bus.application.accounting import Received
from dispatch_bus.application.feed import everything
from dispatch_bus.cli import simulation
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import named

# Neighbours that are told over HTTP: an inbox of a few messages is another matter.
_ROOMS = ("NL", "BE")
_PRIORITIES = 3
# Every so many cases one of the last ones is told again, with its next revision.
_REVISED = 10
_AT_ONCE = 500
_AHEAD = 5_000
_PATIENCE_S = 3_600.0
_LOOK_EVERY_S = 0.25
# Claims of several processes overlap for as long as one takes.
_OVERLAP = timedelta(seconds=2)
_WAITING = """
    SELECT notice || '/' || side || '/' || sequence AS message, room, priority FROM delivery
    WHERE delivered < sequence AND NOT stuck AND room IS NOT NULL
"""
_ANY = f"SELECT 1 FROM ({_WAITING}) AS waiting LIMIT 1"
_HOW_MANY = f"SELECT count(*) FROM ({_WAITING}) AS waiting"
_UNDECIDED = "SELECT count(*) FROM incident WHERE decided_revision < revision"
_UNSEALED = "SELECT count(*) FROM journal_pending"


@attrs.frozen(kw_only=True)
class Waiting:
    """A telling that waits for delivery: to whom, and how urgent it is (1: most)."""

    room: str
    priority: int


@attrs.frozen(kw_only=True)
class Drained:
    """What came of a backlog: how many tellings, in how many seconds, and what was not in order.

    ``received`` is what the rooms took meanwhile: they are others than those with a log.
    """

    tellings: int
    seconds: float
    overtaken: int
    backwards: int
    received: tuple[Received, ...]


@attrs.frozen
class Backlog:
    """Piles up what waits for delivery in an arena, and has it delivered.

    ``look`` is told every now and then what goes on; ``folder`` is for files of its own.
    """

    arena: Arena
    database: psycopg.Connection
    folder: Path
    look: Callable[[str], None]

    def drain(self, wanted: int) -> Drained:
        """Let ``wanted`` tellings wait while nobody delivers, then deliver them all.

        The rooms that take them have no people and no disk: it is the bus that is measured.
        """
        for process in self.arena.services["delivery"]:
            process.kill()
        self._pile_up(wanted)
        for name, room in self.arena.rooms.items():
            if name != self.arena.mailbox_room:
                room.stop()
        stock = self.folder / "nothing-to-publish"
        stock.touch()
        with lean_rooms.running(self.arena.settings, stock) as rooms:
            return self._deliver(rooms)

    def _pile_up(self, wanted: int) -> None:
        sent, cases = 0, self._cases()
        while (waiting := self._count(_HOW_MANY)) < wanted:
            self.look(f"{waiting:,} of {wanted:,} wait for delivery")
            if sent - waiting < min(_AHEAD, wanted):
                sent += self._send(islice(cases, _AT_ONCE))
            time.sleep(_LOOK_EVERY_S)
        self._until(lambda: not simulation.unconfirmed(self.arena.settings), "all is stored")
        self._until(lambda: not self._count(_UNDECIDED), "all is decided")

    def _cases(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield room, name and body of one case after another, some of them revised."""
        for number in count():
            room = _ROOMS[number % len(_ROOMS)]
            yield self._case(room, number, 1)
            if number % _REVISED == 0:
                yield self._case(room, max(0, number - _REVISED * len(_ROOMS)), 2)

    def _case(self, room: str, number: int, revision: int) -> tuple[str, str, dict[str, Any]]:
        name = f"backlog-{room}-{number}"
        more = {"priority": 1 + number % _PRIORITIES, "revision": revision}
        return room, f"{name}-{revision}", case(self.arena.settings, room, name, **more)

    def _send(self, cases: Iterable[tuple[str, str, dict[str, Any]]]) -> int:
        """Send some cases; return how many are new, since a revision takes its case's place."""
        by_room = defaultdict[str, dict[str, dict[str, Any]]](dict)
        for room, name, body in cases:
            by_room[room][name] = body
        for room, some in by_room.items():
            self.arena.rooms[room].send_all(some)
        bodies = (body for some in by_room.values() for body in some.values())
        return sum(body["revision"] == 1 for body in bodies)

    def _deliver(self, rooms: Rooms) -> Drained:
        delivery = self.arena.services["delivery"]
        for process in delivery:
            process.launch()
        delivery[0].wait()
        begun, start, waiting = datetime.now(UTC), time.monotonic(), self._waiting()
        self._until(lambda: not self._count(_ANY), "the backlog drains")
        seconds = time.monotonic() - start
        self._until(lambda: not self._count(_UNSEALED), "all is sealed")
        received = tuple(rooms.received())
        return Drained(
            tellings=len(waiting),
            seconds=round(seconds, 1),
            overtaken=outcome.patiently(lambda: overtaken(self._attempts(begun), waiting)),
            backwards=backwards(one.message for one in received),
            received=received,
        )

    def _waiting(self) -> dict[str, Waiting]:
        rows = self.database.execute(_WAITING).fetchall()
        return {message: Waiting(room=room, priority=priority) for message, room, priority in rows}

    def _attempts(self, since: datetime) -> Iterator[tuple[datetime, str]]:
        for told in everything(self.arena.bus):
            entry = told.entry
            if entry.kind == EntryKind.DELIVERY_ATTEMPTED and entry.at >= since:
                yield entry.at, entry.facts["message"]

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, f"never: {what}"
            self.look(f"until {what}")
            time.sleep(_LOOK_EVERY_S)

    def _count(self, query: str) -> int:
        row = self.database.execute(query).fetchone()
        return int(row[0]) if row else 0


def overtaken(attempts: Iterable[tuple[datetime, str]], waiting: Mapping[str, Waiting]) -> int:
    """Count what was handed over although something more urgent had waited for the same room.

    Only first attempts count: what failed waits before it is tried again.
    """
    first: dict[str, datetime] = {}
    for at, message in attempts:
        if message in waiting:
            first.setdefault(message, at)
    last: dict[Waiting, datetime] = {}
    for message, at in first.items():
        kind = waiting[message]
        last[kind] = max(at, last.get(kind, at))
    return sum(_is_early(at, waiting[message], last) for message, at in first.items())


def _is_early(at: datetime, kind: Waiting, last: Mapping[Waiting, datetime]) -> bool:
    return any(
        other.room == kind.room and other.priority < kind.priority and at + _OVERLAP < latest
        for other, latest in last.items()
    )


def backwards(messages: Iterable[str]) -> int:
    """Count messages that came after a later one about the same notice, to the same side."""
    latest: dict[tuple[object, ...], int] = {}
    found = 0
    for message in messages:
        notice, side, sequence = named(message)
        found += sequence < latest.get((notice, side), 0)
        latest[notice, side] = max(sequence, latest.get((notice, side), 0))
    return found
