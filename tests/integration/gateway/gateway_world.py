"""A bus over a real database between two rooms, and a served gateway."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from attrs import evolve, frozen
from fastapi import FastAPI
from gateway_border import BOOK, LIMITS, Border
from servers.waiting import wait_for

from dispatch_bus.application import deciding, delivering, intake, sealing
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.domain.report import (
    Report,
)
from dispatch_bus.gateway.app import create_app
from dispatch_bus.gateway.connections import listen
from dispatch_bus.gateway.server import Server
from dispatch_bus.sdk.calls import Outcome
from dispatch_bus.sdk.page import Page, Record
from dispatch_bus.store.engine import connect
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.outside import Outside
from dispatch_bus.store.unit import Store

TOKEN = "a-token-for-tests-alone"
API = "/api/v1"
CONSULT = {"by": "nl-desk-1", "reason": "dispatch"}


class Way:
    """The way to a room: what is laid out is pulled, what is delivered is kept."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.got: list[Message] = []
        self.away = False
        self._cursor = 0

    def pull(self, *_: object, **__: object) -> Page:
        """Hand out what was laid out."""
        if self.away:
            raise Retry("the room does not answer")
        self._cursor += 1
        records, self.records = tuple(self.records), []
        return Page(cursor=str(self._cursor), records=records)

    def confirm(self, cursor: str, **_: object) -> None:
        """Forget nothing: what was handed out is gone already."""

    def read(self, raw: bytes, **_: object) -> Report:
        """Understand nothing."""
        raise Refused("record", raw, "Send a record.")

    @contextmanager
    def deliveries(self, **_: object) -> Iterator[WayCalls]:
        """Take one message at a time."""
        yield WayCalls(self)


class WayCalls:
    """What is on its way to a room: one message at most."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._sent: list[Message] = []

    @property
    def free(self) -> int:
        """Whether it may be sent one."""
        return 0 if self._sent else 1

    def send(self, messages: Iterable[Message]) -> None:
        """Send a message."""
        self._sent += messages

    def collect(self, _: float) -> list[tuple[str, Outcome]]:
        """Take the message, or be away."""
        sent, self._sent = self._sent, []
        return [(one.id, self._take(one)) for one in sent]

    def _take(self, message: Message) -> Outcome:
        if self._way.away:
            return Retry("the room does not answer")
        self._way.got.append(message)
        return Receipt(reference=message.id[:90], received=datetime.now(UTC))


@frozen
class World:
    """A bus with the ways to its two rooms."""

    bus: Bus
    ways: dict[str, Way]

    def tell(self, *reports: Report) -> list[UUID]:
        """Pull, store and decide reports of the Dutch room; return their incidents' ids."""
        records = [Record(id=str(uuid4()), raw=b"{}", understood=one) for one in reports]
        self.ways["NL-ROOM"].records.extend(records)
        self.pull()
        deciding.decide(self.bus)
        with self.bus.store.begin() as uow:
            found = [uow.incidents.latest("NL-ROOM", one.number) for one in reports]
        return [one.id for one in found if one]

    def tell_nonsense(self, raw: bytes) -> None:
        """Pull a record that cannot be understood."""
        refusal = Refused("times.available", raw, "Send a time with its UTC offset (RFC 3339).")
        self.ways["NL-ROOM"].records.append(Record(id="bad", raw=raw, refusal=refusal))
        self.pull()

    def pull(self) -> None:
        """Read both rooms once."""
        for room, way in self.ways.items():
            try:
                intake.pull(self.bus, room, way)
            except Retry:
                assert way.away

    def deliver(self) -> None:
        """Deliver what is due to both rooms."""
        for room, way in self.ways.items():
            try:
                while delivering.deliver(self.bus, room, way):
                    pass
            except Retry:
                assert way.away

    def seal(self) -> int:
        """Seal the whole journal; return its size."""
        wait_for(self._sealed, "the whole journal is sealed")
        with self.bus.store.begin() as uow:
            return uow.journal.size()

    def write_nonsense(self) -> None:
        """Append and seal an entry that nobody can read."""
        with self.bus.store.begin() as uow:
            uow._connection.exec_driver_sql(
                "INSERT INTO journal_pending (kind, schema_version, entry)"
                " VALUES ('alarm.raised', 1, 'nonsense')"
            )
        self.seal()

    def _sealed(self) -> bool:
        sealing.seal(self.bus)
        with self.bus.store.begin() as uow:
            return uow.journal.waiting() == 0


@contextmanager
def made(url: str, keys: Path, **limits: Any) -> Iterator[World]:
    """Make a world over the database at ``url``."""
    store = Store(connect(url), KeyRing.create(keys), "test")
    bus = Bus(
        store=store,
        outside=Outside(keys.with_name("outside")),
        book=BOOK,
        geography=Border(),
        limits=evolve(LIMITS, **limits),
        new_id=uuid4,
        jitter=lambda: 0.5,
        holder="test",
        origin="dispatch-bus/test",
    )
    try:
        yield World(bus, {"NL-ROOM": Way(), "BE-ROOM": Way()})
    finally:
        store.close()


class Served:
    """A gateway that listens on a free port of this machine."""

    def __init__(self, bus: Bus) -> None:
        self.app: FastAPI = create_app(bus, token=TOKEN)
        listening = threading.Event()
        self._server = Server(self.app, ready=listening.set)
        listeners = listen("127.0.0.1", 0)
        self.port: int = listeners[0].getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, args=[listeners])
        self._thread.start()
        assert listening.wait(10)

    @property
    def connections(self) -> int:
        """How many connections it has."""
        return len(self._server.server_state.connections)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str = TOKEN) -> httpx.Client:
        """Return a client that carries a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def stop(self) -> None:
        """Ask it to stop, as SIGTERM does, and wait until it has."""
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()
