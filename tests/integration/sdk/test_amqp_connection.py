"""The SDK's connection to RabbitMQ: bounded, confirmed, kept up, and shut in by permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from threading import Thread

import attrs
import pika
import pytest
from pika.exceptions import ShortStringTooLong
from rooms.odd_headers import ODD, OddProperties
from servers.broker_plans import PATIENCE_S, Planned, planned
from servers.proxy import Proxy, Weather
from servers.rabbitmq import RabbitServer
from servers.waiting import wait_for

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.sdk.amqp import Access, Connection, Delivery, Rejected, Unroutable, receiving
from dispatch_bus.sdk.mailbox import INBOX, Mailbox

Connect = Callable[..., Connection]


@pytest.fixture(scope="module")
def world(rabbit_server: RabbitServer) -> Iterator[Planned]:
    """A broker that has been set up for two rooms, with room for ten messages in an inbox.

    As many fit where rejected ones go. One that finds no room there stays in the inbox, where it
    counts, and is tried again after three minutes only.
    """
    with planned(rabbit_server, inbox_messages=10) as made:
        yield made


@pytest.fixture
def connect(world: Planned) -> Iterator[Connect]:
    """Makes connections, as a user of the partners' virtual host; all are closed at the end."""
    made: list[Connection] = []

    def make(user: str = world.plan.bus.name, *, url: str = "", **options: object) -> Connection:
        access = world.access(user, **({"url": url} if url else {}))
        made.append(Connection(access, "test", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()
    for room, _ in world.plan.rooms:
        world.empty(Mailbox(room).inbox)


def _tell(connection: Connection, room: str, name: str = "m-1", body: bytes = b"{}") -> None:
    connection.publish(INBOX, room, body, message=name, kind="offer")


def _fill(connection: Connection, room: str) -> None:
    with suppress(Rejected):
        for number in range(100):
            _tell(connection, room, f"m-{number}")


def _read(connection: Connection, count: int) -> list[Delivery]:
    read: list[Delivery] = []

    def enough() -> bool:
        with suppress(Retry):
            read.extend(connection.receive(0.1))
        return len(read) >= count

    wait_for(enough, f"{count} messages arrive")
    return read


def test_a_message_arrives_as_it_was_sent(world: Planned, connect: Connect) -> None:
    """With its id, its sender and its type, and it stays where it is until it is acknowledged."""
    _tell(connect(), world.room, "m-7", b'{"a": 1}')
    reader = connect(Mailbox(world.room).user, queues=(Mailbox(world.room).inbox,))
    (arrived,) = _read(reader, 1)
    told = arrived.properties
    assert arrived.body == b'{"a": 1}'
    assert (told.message_id, told.user_id, told.type) == ("m-7", world.plan.bus.name, "offer")
    assert (told.content_type, told.delivery_mode) == ("application/json", 2)
    reader.acknowledge(arrived.generation, arrived.tag)
    reader.close()
    assert connect().depth(Mailbox(world.room).inbox).messages == 0


def test_a_full_queue_is_said(world: Planned, connect: Connect) -> None:
    """The broker rejects what it has no room for, and the publisher knows it."""
    bus = connect()
    _fill(bus, world.room)
    with pytest.raises(Rejected):
        _tell(bus, world.room)
    _tell(bus, world.other)


def test_what_no_queue_takes_is_said(connect: Connect) -> None:
    """A room without a queue gets nothing, and the publisher knows it."""
    with pytest.raises(Unroutable, match=r"inbox/nobody \(declare it: dispatch-bus broker setup\)"):
        _tell(connect(), "nobody")


def test_a_room_cannot_read_what_is_anothers(world: Planned, connect: Connect) -> None:
    """Its permission ends at its own inbox."""
    spy = connect(Mailbox(world.room).user, queues=(Mailbox(world.other).inbox,))
    assert "ACCESS_REFUSED" in _trouble(spy)


def test_a_room_cannot_read_outboxes(world: Planned, connect: Connect) -> None:
    """Not even its own: what it wrote is the bus's."""
    spy = connect(Mailbox(world.room).user, queues=(Mailbox(world.room).outbox,))
    assert "ACCESS_REFUSED" in _trouble(spy)


@pytest.mark.parametrize("exchange", [INBOX, "unread", "", "amq.direct"])
def test_a_room_cannot_write_beside_its_outbox(
    world: Planned, connect: Connect, exchange: str
) -> None:
    """No inbox, no other room's outbox, and no way around: the nameless exchange, or another."""
    with pytest.raises(Retry, match="ACCESS_REFUSED"):
        connect(Mailbox(world.room).user).publish(
            exchange, Mailbox(world.other).inbox, b"{}", message="m", kind="x"
        )


def test_a_room_cannot_write_anothers_outbox(world: Planned, connect: Connect) -> None:
    """Nobody speaks for another room."""
    with pytest.raises(Retry, match="ACCESS_REFUSED"):
        connect(Mailbox(world.room).user).publish(
            Mailbox(world.other).outbox, "", b"{}", message="m", kind="record"
        )


def test_a_room_cannot_declare_anything(world: Planned) -> None:
    """What there is was planned by the broker's operator."""
    user = next(one for room, one in world.plan.rooms if room == world.room)
    path = f"/api/queues/{world.plan.partners_vhost}/own"
    answer = world.server.api("PUT", path, json={"durable": True}, auth=(user.name, user.password))
    assert answer.status_code == 401


def test_a_wrong_password_is_said(world: Planned) -> None:
    """In the broker's words, and without the password."""
    wrong = attrs.evolve(world.room_access(world.room), password="hush")
    with (
        closing(Connection(wrong, "test")) as connection,
        pytest.raises(Retry, match="ACCESS_REFUSED") as reason,
    ):
        connection.depth(Mailbox(world.room).inbox)
    assert "hush" not in str(reason.value) + repr(wrong)


def test_what_is_not_acknowledged_comes_again_on_the_next_connection(
    world: Planned, connect: Connect
) -> None:
    """And an acknowledgement for the connection that is gone touches nothing of the new one."""
    _tell(connect(), world.room)
    with closing(Proxy(("127.0.0.1", world.server.port))) as proxy:
        url = world.room_access(world.room).url.replace(str(world.server.port), str(proxy.port))
        reader = connect(Mailbox(world.room).user, url=url, queues=(Mailbox(world.room).inbox,))
        (first,) = _read(reader, 1)
        proxy.reset()
        (second,) = _read(reader, 1)
        assert second.redelivered
        assert second.generation > first.generation
        reader.acknowledge(first.generation, first.tag)
        reader.close()
        bus = connect()
        inbox = Mailbox(world.room).inbox
        wait_for(lambda: bus.depth(inbox).messages == 1, "the message is back in the inbox")


def test_a_broker_that_says_nothing_is_given_up_in_time(world: Planned) -> None:
    """A publish has a bound of its own, and the next one works once the broker is back."""
    url = world.access(world.plan.bus.name).url
    with closing(Proxy(("127.0.0.1", world.server.port))) as proxy:
        there = world.access(
            world.plan.bus.name,
            url=url.replace(str(world.server.port), str(proxy.port)),
            timeout_s=2.0,
        )
        with closing(Connection(there, "test")) as connection:
            wait_for(lambda: _works(connection, world.room), "the connection works")
            proxy.set(Weather(black_hole=True))
            with pytest.raises(Retry, match=r"the broker did not answer in 2 s"):
                _tell(connection, world.room, "m-2")
            proxy.heal()
            world.empty(Mailbox(world.room).inbox)
            wait_for(lambda: _works(connection, world.room), "the connection works again")


@pytest.mark.parametrize("settle", [Connection.acknowledge, Connection.reject])
def test_what_is_too_much_at_once_comes_later_and_in_order(
    world: Planned,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    settle: Callable[[Connection, int, int], None],
) -> None:
    """A reader takes no more while it holds too many bytes, and goes on each time they are gone."""
    monkeypatch.setattr(receiving, "_MOST_BYTES", 10)
    box = Mailbox(world.room)
    world.empty(box.inbox)
    bus, reader = connect(), connect(box.user, queues=(box.inbox,))
    for turn in range(3):
        for number in range(3):
            _tell(bus, world.room, f"m-{turn}-{number}", b'"four"')
        held = _read(reader, 2)
        assert reader.receive(0.5) == []
        for one in held:
            settle(reader, one.generation, one.tag)
        held += (last := _read(reader, 1))
        settle(reader, last[0].generation, last[0].tag)
        assert [one.properties.message_id for one in held] == [f"m-{turn}-{n}" for n in range(3)]
        assert {one.queue for one in held} == {box.inbox}
    world.empty(box.unread)


@pytest.mark.parametrize("name", sorted(ODD))
def test_a_message_with_headers_that_cannot_be_read_holds_nothing_up(
    world: Planned, connect: Connect, name: str
) -> None:
    """It arrives without them, and so does the next one."""
    box = Mailbox(world.room)
    account = world.plan.rooms[0][1]
    where = pika.ConnectionParameters(
        "127.0.0.1",
        world.server.port,
        world.plan.partners_vhost,
        pika.PlainCredentials(account.name, account.password),
    )
    with closing(pika.BlockingConnection(where)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(box.outbox, "", b"{}", OddProperties("odd", ODD[name]))
        channel.basic_publish(box.outbox, "", b"{}", pika.BasicProperties(message_id="sound"))
    reader = connect(queues=(box.outbox,))
    odd, sound = _read(reader, 2)
    assert (odd.properties.message_id, odd.properties.headers) == ("odd", None)
    assert sound.properties.message_id == "sound"
    assert not odd.redelivered
    reader.acknowledge(sound.generation, sound.tag, multiple=True)


def test_what_cannot_be_sent_is_the_callers_alone(world: Planned, connect: Connect) -> None:
    """Whoever publishes it is told at once; what comes after it is sent, and confirmed, as ever."""
    bus = connect()
    _tell(bus, world.other)
    before = bus.generation
    with pytest.raises(ShortStringTooLong):
        _tell(bus, world.other, "ü" * 128)
    _tell(bus, world.other)
    assert bus.generation == before
    world.empty(Mailbox(world.other).inbox)


def test_a_fault_on_the_connections_thread_costs_one_connection(
    world: Planned, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was, the connection comes back, and with it what was not settled."""

    def fail(*_: object) -> None:
        raise ValueError("a person's name")

    box = Mailbox(world.room)
    world.empty(box.inbox)
    _tell(connect(), world.room)
    reader = connect(box.user, queues=(box.inbox,))
    (first,) = _read(reader, 1)
    with monkeypatch.context() as patched:
        patched.setattr(receiving.Receiving, "reject", fail)
        reader.reject(first.generation, first.tag)
        told = _trouble(reader)
    assert "ValueError in fail, test_amqp_connection.py" in told
    assert "a person's name" not in told
    (second,) = _read(reader, 1)
    assert second.generation > first.generation
    reader.acknowledge(second.generation, second.tag)
    reader.close()
    assert connect().depth(box.inbox).messages == 0


def test_many_threads_publish_at_once(world: Planned, connect: Connect) -> None:
    """Each hears of its own message."""
    bus = connect()
    heard: list[str] = []

    def tell(number: int) -> None:
        try:
            _tell(bus, world.other, f"m-{number}")
            heard.append("taken")
        except Rejected:
            heard.append("full")

    threads = [Thread(target=tell, args=(number,)) for number in range(30)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(heard) == 30
    assert heard.count("taken") == bus.depth(Mailbox(world.other).inbox).messages


def test_a_reader_that_nobody_asks_lets_go(world: Planned, connect: Connect) -> None:
    """Another process may be the reader now; whoever asks again reads again."""
    _tell(connect(), world.room)
    idle = connect(Mailbox(world.room).user, queues=(Mailbox(world.room).inbox,), idle_s=1.0)
    _read(idle, 1)
    other = connect(Mailbox(world.room).user, queues=(Mailbox(world.room).inbox,))
    (arrived,) = _read(other, 1)
    other.acknowledge(arrived.generation, arrived.tag)
    other.close()
    _tell(connect(), world.room, "m-2")
    assert _read(idle, 1)[0].properties.message_id == "m-2"


@pytest.mark.parametrize(
    "url", ["http://bus@host/vhost", "amqp://host/vhost", "amqp://bus@host/v;host2", "amqp:bus"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """It names a user and a host, for each node; a password in it is not shown."""
    with pytest.raises(Refused, match="url"):
        Access(url=url, password="p")


def test_the_second_node_is_tried_when_the_first_is_away(world: Planned, connect: Connect) -> None:
    """The nodes of a cluster are tried in turn."""
    user = world.plan.bus.name
    there = world.access(user).url
    bus = connect(user, url=f"amqp://{user}@127.0.0.1:9/x;{there}")
    assert bus.depth(Mailbox(world.room).inbox).readers == 0


def _trouble(connection: Connection) -> str:
    def told() -> str:
        try:
            connection.receive(0.1)
        except Retry as reason:
            return str(reason) if "not been reached" not in str(reason) else ""
        return ""

    return wait_for(told, "the broker's refusal", PATIENCE_S)


def _works(connection: Connection, room: str) -> bool:
    try:
        _tell(connection, room)
    except Retry:
        return False
    return True
