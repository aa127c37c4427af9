"""The adapter and the client at the two ends of a mailbox, over a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import attrs
import pika
import pytest
from rooms.samples import NOON, message
from servers.broker_plans import Planned, planned
from servers.rabbitmq import RabbitServer
from servers.waiting import wait_for

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.message import Received, Unread, UnreadReason
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import RawPage, RoomSettings
from dispatch_bus.sdk.inbox import Inbox, Taken
from dispatch_bus.sdk.mailbox import MAX_BODY_BYTES, Full, Mailbox
from dispatch_bus_inbox import InboxAdapter

SOUND = {
    "type": "case",
    "number": "2026-1",
    "code": "B2",
    "parts": {"fire": "NL-MK-LIM"},
    "times": {"available": NOON.isoformat(), "created": NOON.isoformat()},
}
Adapters = Callable[..., InboxAdapter]


@pytest.fixture(scope="module")
def world(rabbit_server: RabbitServer) -> Iterator[Planned]:
    """A broker with mailboxes for two rooms, of five messages each."""
    with planned(rabbit_server, inbox_messages=5, inbox_bytes=50_000_000) as made:
        yield made


@pytest.fixture
def settings(world: Planned, tmp_path: Path) -> Iterator[RoomSettings]:
    """The first room, as the bus starts its adapter; its mailbox is empty before and after."""
    password = tmp_path / "bus.password"
    password.write_text(world.plan.bus.password)
    access = world.access(world.plan.bus.name)
    options = {"url": access.url, "password_file": str(password), "timeout_s": access.timeout_s}
    yield RoomSettings(id=world.room, country="BE", options=options)
    box = Mailbox(world.room)
    for queue in (box.inbox, box.outbox, box.unread):
        world.empty(queue)


@pytest.fixture
def adapter(settings: RoomSettings) -> Iterator[Adapters]:
    """Makes adapters of that room; each is what one process has."""
    made: list[InboxAdapter] = []

    def make(**options: object) -> InboxAdapter:
        changed = attrs.evolve(settings, options={**settings.options, **options})
        made.append(InboxAdapter(changed))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def client(world: Planned) -> Iterator[Inbox]:
    """The room's own client."""
    with closing(Inbox(world.room_access(world.room), world.room, clock=lambda: NOON)) as made:
        yield made


def _pull(adapter: InboxAdapter, cursor: str | None = None, limit: int = 10) -> RawPage:
    pages: list[RawPage] = []

    def something() -> bool:
        with suppress(Retry):
            pages.append(adapter.pull(cursor, limit=limit, wait_s=0.2))
        return bool(pages and pages[-1].records)

    wait_for(something, "a record arrives")
    return pages[-1]


def _take(client: Inbox) -> Taken:
    taken: list[Taken] = []

    def something() -> bool:
        with suppress(Retry):
            taken.extend(client.take(0.2))
        return bool(taken)

    wait_for(something, "a message arrives")
    return taken[0]


def test_a_message_waits_in_the_inbox_until_the_rooms_receipt(
    adapter: Adapters, client: Inbox
) -> None:
    """The broker's word says that it waits; the room's own comes as a record."""
    receipt = adapter(expiry_s=60.0).deliver(message())
    assert receipt.waits_s == 60.0
    client.receipt(_take(client), "R-1")
    bus = adapter()
    (record,) = _pull(bus).records
    assert bus.read(record.raw) == Received(message="m-1", reference="R-1", received=NOON)


def test_the_room_is_told_what_the_plain_format_says(adapter: Adapters, client: Inbox) -> None:
    """One format, whatever carries it."""
    adapter().deliver(message())
    taken = _take(client)
    assert taken.content["act"] == "offer"
    assert taken.content["content"]["position"]["epsg"] == 4326
    assert "Brand" not in repr(taken)
    client.receipt(taken, "R")


def test_a_case_is_pulled_and_understood(adapter: Adapters, client: Inbox) -> None:
    """Under the id that the room gave it."""
    client.send(SOUND, record_id="2026-1/1")
    bus = adapter()
    (record,) = _pull(bus).records
    assert record.id == "2026-1/1"
    assert isinstance(bus.read(record.raw), Report)


def test_a_page_stays_with_the_broker_until_it_is_confirmed(
    world: Planned, adapter: Adapters, client: Inbox
) -> None:
    """Pulled again it is the same; for the next process too; and confirmed it is gone."""
    for number in range(3):
        client.send(SOUND, record_id=f"r-{number}")
    first = adapter()
    page = _pull(first, limit=3)
    wait_for(lambda: first.pull(None, limit=3, wait_s=0) == page, "the same page comes again")
    first.close()
    second = adapter()
    again = _pull(second, page.cursor, limit=3)
    assert [one.id for one in again.records] == [one.id for one in page.records]
    assert again.cursor != page.cursor
    second.confirm(again.cursor)
    assert second.pull(again.cursor, limit=3, wait_s=0).records == ()
    second.close()
    with closing(adapter()) as third, pytest.raises(AssertionError):
        wait_for(lambda: third.pull(None, limit=1, wait_s=0.5).records, "anything", 3.0)


def test_a_confirmation_of_another_process_confirms_nothing(
    adapter: Adapters, client: Inbox
) -> None:
    """What it was about comes again on this connection, and is confirmed there."""
    client.send(SOUND, record_id="r-1")
    first = adapter()
    page = _pull(first)
    first.close()
    second = adapter()
    second.confirm(page.cursor)
    assert _pull(second, page.cursor).records == page.records


def test_pages_follow_each_other(adapter: Adapters, client: Inbox) -> None:
    """After its cursor comes what follows, and an empty page keeps the cursor."""
    for number in range(4):
        client.send(SOUND, record_id=f"r-{number}")
    bus = adapter()
    first = _pull(bus, limit=2)
    second = _pull(bus, first.cursor, limit=2)
    told = [one.id for one in (*first.records, *second.records)]
    assert told == ["r-0", "r-1", "r-2", "r-3"]
    assert bus.pull(second.cursor, limit=2, wait_s=0) == RawPage(cursor=second.cursor, records=())


def test_a_full_inbox_is_said_with_what_is_in_it(
    world: Planned, adapter: Adapters, settings: RoomSettings
) -> None:
    """That room's deliveries wait; another room has its messages as before."""
    bus = adapter()
    with suppress(Full):
        for number in range(20):
            bus.deliver(message(f"m-{number}"))
    with pytest.raises(Full, match=rf"the inbox of {world.room} is full \(\d messages\)"):
        bus.deliver(message())
    with closing(InboxAdapter(attrs.evolve(settings, id=world.other))) as other:
        assert other.deliver(message()).waits_s
    world.empty(Mailbox(world.other).inbox)


def test_the_inbox_says_how_full_it_is_and_whether_anybody_reads_it(
    adapter: Adapters, world: Planned
) -> None:
    """A room that consumes it is there; one that does not is not."""
    bus = adapter()
    bus.deliver(message())
    alone = bus.check()
    assert (alone.waiting, alone.attended, alone.clock) == (1, False, None)
    with closing(Inbox(world.room_access(world.room), world.room)) as client:
        _take(client)
        assert bus.check().attended


def test_a_message_that_expires_comes_back(
    world: Planned, rabbit_server: RabbitServer, settings: RoomSettings
) -> None:
    """Nobody took it out in time: the bus reads that, and the content is not in it."""
    with planned(rabbit_server, expiry_s=0.2) as hasty:
        url = hasty.access(hasty.plan.bus.name).url
        password = Path(settings.options["password_file"])
        options = {**settings.options, "url": url, "password_file": str(password)}
        with closing(
            InboxAdapter(RoomSettings(id=hasty.room, country="BE", options=options))
        ) as bus:
            bus.deliver(message())
            (record,) = _pull(bus).records
            word = bus.read(record.raw)
    assert isinstance(word, Unread)
    assert (word.message, word.reason) == ("m-1", UnreadReason.EXPIRED)
    assert b"Brand" not in record.raw


def test_a_message_that_the_room_rejects_comes_back(adapter: Adapters, client: Inbox) -> None:
    """With that reason: it is not sent again."""
    adapter().deliver(message())
    client.reject(_take(client))
    bus = adapter()
    (record,) = _pull(bus).records
    word = bus.read(record.raw)
    assert isinstance(word, Unread)
    assert word.reason is UnreadReason.REJECTED


def test_a_record_too_large_is_refused_before_it_is_sent(client: Inbox) -> None:
    """The room's programmer learns the limit."""
    with pytest.raises(Refused, match=r"Send at most 16,777,216 bytes"):
        client.send({"type": "case", "notes": "x" * MAX_BODY_BYTES}, record_id="big")


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("record_id", "kind", "field", "remedy"),
    [
        ("ü" * 128, "case", "record_id", "255 bytes"),
        ("x" * 201, "case", "record_id", "200 characters"),
        (" ", "case", "record_id", "visible"),
        ("a\x00b", "case", "record_id", "NUL"),
        ("r-1", "ü" * 128, "type", "255 bytes"),
        ("r-1", None, "type", "Send a string"),
    ],
)
def test_a_name_that_no_message_can_have_is_refused_before_it_is_sent(
    client: Inbox, record_id: str, kind: str | None, field: str, remedy: str
) -> None:
    """The room's programmer learns which one and the limit, and the next record is sent as ever."""
    with pytest.raises(Refused, match=remedy) as refusal:
        client.send(SOUND | {"type": kind}, record_id=record_id)
    assert refusal.value.field == field
    client.send(SOUND, record_id="ü" * 127)


def _publish(world: Planned, body: bytes, **properties: Any) -> None:
    """Publish as a client does that does not keep to the rules."""
    account = world.plan.rooms[0][1]
    login = pika.PlainCredentials(account.name, account.password)
    where = pika.ConnectionParameters(
        "127.0.0.1", world.server.port, world.plan.partners_vhost, login
    )
    with closing(pika.BlockingConnection(where)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(
            Mailbox(world.room).outbox, "any", body, pika.BasicProperties(**properties)
        )


RIGHT = {"content_type": "application/json", "message_id": "r-1"}


@pytest.mark.parametrize(
    ("body", "changes", "field"),
    [
        (b"{}", {"user_id": None}, "user_id"),
        (b"{}", {"content_type": "text/plain"}, "content_type"),
        (b"{}", {"content_type": None}, "content_type"),
        (b"{}", {"content_encoding": "gzip"}, "content_encoding"),
        (b"{}", {"message_id": None}, "message_id"),
        (b"{}", {"message_id": " "}, "message_id"),
        (b"{}", {"message_id": "a\x00b"}, "message_id"),
        (b"{}", {"message_id": "x" * 250}, "message_id"),
        (b"x" * (MAX_BODY_BYTES + 1), {}, "bytes"),
        (b'{"dispatch-bus": "unread", "message": "m"}', {}, "ours"),
        (b"", {}, "record"),
        (b"[]", {}, "record"),
        (b"\xff\xfe", {}, "record"),
        (b'{"type": "unread"}', {}, "type"),
        (b'{"type": "receipt", "message": "m"}', {}, "reference"),
    ],
)
def test_what_is_no_sound_record_is_refused_by_name(
    world: Planned, adapter: Adapters, body: bytes, changes: dict[str, Any], field: str
) -> None:
    """It becomes a record with a reason, and the sound one after it is read as ever."""
    properties = RIGHT | {"user_id": Mailbox(world.room).user} | changes
    _publish(world, body, **properties)
    _publish(
        world,
        json.dumps(SOUND).encode(),
        **RIGHT | {"message_id": "sound", "user_id": Mailbox(world.room).user},
    )
    bus = adapter()
    first = _pull(bus, limit=1)
    with pytest.raises(Refused) as refusal:
        bus.read(first.records[0].raw)
    assert refusal.value.field == field
    bus.confirm(first.cursor)
    (second,) = _pull(bus, first.cursor, limit=1).records
    assert isinstance(bus.read(second.raw), Report)


def test_a_refused_message_is_kept_whole(world: Planned, adapter: Adapters) -> None:
    """Its body and its properties are in the record, for whoever mends it."""
    _publish(world, b"half a rec", content_type="text/plain", message_id="r-9")
    (record,) = _pull(adapter()).records
    told = json.loads(record.raw)
    assert (told["message_id"], told["content_type"]) == ("r-9", "text/plain")
    assert told["body"] == "aGFsZiBhIHJlYw=="


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://x"}, "url"),
        ({"password_file": "/nowhere"}, "password_file"),
        ({"ca_file": "/nowhere"}, "tls"),
        ({"token": "t"}, "unknown field"),
    ],
)
def test_a_wrong_option_is_named(
    settings: RoomSettings, changes: dict[str, str], field: str
) -> None:
    """The operator is told which one to mend."""
    url = str(settings.options["url"]).replace("amqp://", "amqps://")
    options = {**settings.options, "url": url, **changes}
    with pytest.raises(Refused) as refusal:
        InboxAdapter(attrs.evolve(settings, options=options))
    assert refusal.value.field == field
