"""A small border with two rooms, a bus over a real database, and a served gateway."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from attrs import evolve, frozen
from fastapi import FastAPI
from servers.waiting import wait_for

from dispatch_bus.application import deciding, delivering, intake, sealing
from dispatch_bus.application.bus import Bus, Limits
from dispatch_bus.domain.agreement import Agreement, Shareable
from dispatch_bus.domain.book import Book, Duty
from dispatch_bus.domain.centre import Centre, SecondChannel
from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.geography import Answer, AreaHit, CountryHit, Locality, ZoneHit
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.domain.place import Address, Place, Position
from dispatch_bus.domain.report import (
    Classification,
    Note,
    PartReport,
    Person,
    Personal,
    Report,
    Times,
    Vehicle,
)
from dispatch_bus.gateway.app import create_app
from dispatch_bus.gateway.server import Server
from dispatch_bus.sdk.page import Page, Record
from dispatch_bus.store.engine import connect
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.unit import Store

TOKEN = "a-token-for-tests-alone"
SECRET = "Zyxmarker"
OWNER, RECEIVER = "NL-MK-LIM", "BE-112-LIM"
ABROAD, NEAR, INLAND = 5.60, 5.70, 6.00
PERSONAL = Personal(
    notes=(Note(text=f"{SECRET} bekneld", language="nl", at=datetime(2026, 3, 1, tzinfo=UTC)),),
    people=(Person(role="caller", name=SECRET, phone=SECRET, remark=SECRET),),
    vehicles=(Vehicle(plate=SECRET, description=SECRET),),
    address=Address(street=f"{SECRET}straat", house_number="1", city="Maastricht"),
    call_back=SECRET,
)


class Border:
    """Answers by longitude: abroad, near the border, or far inland."""

    version = "test"

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Answer each position."""
        return [self._one(one.lon if one else INLAND) for one in positions]

    def _one(self, lon: float) -> Locality:
        country = "BE" if lon == ABROAD else "NL"
        zones = () if lon == INLAND else (ZoneHit("NL-BE-15km", country, True, 900.0),)
        return Locality(
            answer=Answer.PLACE,
            version=self.version,
            countries=(CountryHit(country, True),),
            centre_countries=(country,),
            areas=(AreaHit("BE-1", "BE", 0.0), AreaHit("NL-1", "NL", 0.0)),
            zones=zones,
        )


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

    def deliver(self, message: Message, **_: object) -> Receipt:
        """Take a message, or be away."""
        if self.away:
            raise Retry("the room does not answer")
        self.got.append(message)
        return Receipt(reference=message.id[:90], received=datetime.now(UTC))


def _centre(name: str, country: str, room: str, phone: str) -> Centre:
    return Centre(
        id=name,
        name=f"Centre {name}",
        country=country,
        lon=5.7,
        lat=50.8,
        disciplines=frozenset({Discipline.FIRE}),
        catchment=frozenset({f"{country}-1"}),
        phone=phone,
        languages=("nl",),
        second_channel=SecondChannel.TELEPHONE,
        room=room,
    )


AGREEMENT = Agreement(
    id="NL-BE-fire",
    version=1,
    pair=frozenset({"NL", "BE"}),
    discipline=Discipline.FIRE,
    zone="NL-BE-15km",
    legal_basis="a treaty",
    data_regime="a law",
    least_priority=Priority.PLANNED,
    categories=frozenset(Category),
    answer_s=60.0,
    offers_automatically=False,
    mirror_fields=frozenset({Shareable.PLACE, Shareable.CLASSIFICATION}),
    handoff_fields=frozenset(Shareable),
)
BOOK = Book(
    version="test",
    centres={
        OWNER: _centre(OWNER, "NL", "NL-ROOM", "+31 000 000 001"),
        RECEIVER: _centre(RECEIVER, "BE", "BE-ROOM", "+32 000 000 002"),
    },
    duties={("NL-1", Discipline.FIRE): Duty(OWNER), ("BE-1", Discipline.FIRE): Duty(RECEIVER)},
    agreements={(AGREEMENT.pair, Discipline.FIRE): AGREEMENT},
)
LIMITS = Limits(
    page=100,
    pull_wait_s=0.0,
    pull_deadline_s=5.0,
    backlog=1_000,
    decide_batch=100,
    in_flight=50,
    deliver_deadline_s=5.0,
    retry_first_s=0.01,
    retry_most_s=0.02,
    overdue_s=10.0,
    leave_hold_s=60.0,
    seal_batch=1_000,
    checkpoint_every=1_000,
    checkpoint_rest_s=0.0,
    lease_s=60.0,
    personal_days=90,
)


def report(number: str, lon: float = NEAR, **changes: Any) -> Report:
    """Make a report of a fire, with the marker in every personal field."""
    now = datetime.now(UTC)
    made = Report(
        number=number,
        revision=1,
        parts=(PartReport(discipline=Discipline.FIRE, centre=OWNER),),
        classification=Classification(
            category=Category.FIRE,
            priority=Priority.LIFE_AT_RISK,
            code="B2",
            label="Brand in woning",
            scheme="NL",
        ),
        times=Times(available=now, case_created=now - timedelta(seconds=60)),
        place=Place(position=Position(lon=lon, lat=50.85, radius_m=20), municipality="Eijsden"),
        personal=PERSONAL,
    )
    return evolve(made, **changes)


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
                delivering.deliver(self.bus, room, way)
            except Retry:
                assert way.away

    def seal(self) -> int:
        """Seal the whole journal; return its size."""
        wait_for(self._sealed, "the whole journal is sealed")
        with self.bus.store.begin() as uow:
            return uow.journal.size()

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
        self._server = Server(self.app, host="127.0.0.1", port=0, ready=listening.set)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        assert listening.wait(10)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

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


API = "/api/v1"
CONSULT = {"by": "nl-desk-1", "reason": "dispatch"}
