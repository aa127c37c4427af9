"""The broker's set-up: declared once, compared in full, and never taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote

import attrs
import pytest
from servers.broker_plans import Planned, planned
from servers.rabbitmq import RabbitServer

from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.messaging.admin.api import Login, Management
from dispatch_bus.messaging.admin.comparing import differences, set_up
from dispatch_bus.messaging.admin.plan import Account
from dispatch_bus.sdk.mailbox import Mailbox


@pytest.fixture(scope="module")
def world(rabbit_server: RabbitServer) -> Iterator[Planned]:
    """A broker that has been set up, for tests that leave it so."""
    with planned(rabbit_server) as made:
        yield made


@pytest.fixture
def own_world(rabbit_server: RabbitServer) -> Iterator[Planned]:
    """One for a test that does not."""
    with planned(rabbit_server) as made:
        yield made


def _path(world: Planned, kind: str, name: str) -> str:
    vhost = quote(world.plan.partners_vhost, safe="")
    return f"/api/{kind}/{vhost}/{quote(name, safe='')}"


def _told(world: Planned) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in differences(world.plan, world.broker)]


def test_what_was_set_up_is_as_planned(world: Planned) -> None:
    """Nothing is missing, nothing is another, and nothing stands beside it."""
    assert differences(world.plan, world.broker) == []


def test_setting_up_again_changes_nothing(world: Planned) -> None:
    """Whoever runs it twice does no harm."""
    assert set_up(world.plan, world.broker) == []


def test_every_queue_is_replicated(own_world: Planned) -> None:
    """Each one is a quorum queue, and so is one that is declared without a word on it."""
    own_world.server.api("PUT", _path(own_world, "queues", "plain"), json={"durable": True})
    for vhost in (own_world.plan.vhost, own_world.plan.partners_vhost):
        listed = own_world.broker.get(f"/api/queues/{quote(vhost, safe='')}")
        assert {one["type"] for one in listed} == {"quorum"}


def test_a_changed_limit_reaches_queues_that_are_there(world: Planned) -> None:
    """Limits are policies: a new one is found, set, and holds for full queues too."""
    plan = attrs.evolve(world.plan, inbox_messages=7)
    assert {one.kind for one in differences(plan, world.broker)} == {"policy"}
    assert {what for _, what in set_up(plan, world.broker)} == {"changed"}
    assert differences(plan, world.broker) == []
    set_up(world.plan, world.broker)


def test_a_missing_queue_is_found(world: Planned) -> None:
    """With its bindings, which went with it."""
    world.server.api("DELETE", _path(world, "queues", Mailbox(world.room).inbox))
    assert _told(world) == [("queue", "missing"), ("binding", "missing")]
    set_up(world.plan, world.broker)
    assert _told(world) == []


def test_a_classic_queue_is_found_and_left_alone(own_world: Planned) -> None:
    """It may hold messages: the operator is told to delete it when it is empty."""
    path = _path(own_world, "queues", Mailbox(own_world.room).inbox)
    own_world.server.api("DELETE", path)
    own_world.server.api(
        "PUT", path, json={"durable": True, "arguments": {"x-queue-type": "classic"}}
    )
    set_up(own_world.plan, own_world.broker)
    (found,) = differences(own_world.plan, own_world.broker)
    assert "{'x-queue-type': 'classic'}" in found.what
    assert "once it is empty, delete it" in found.remedy


def test_a_wider_permission_is_found_and_narrowed(world: Planned) -> None:
    """A room that was let into everything is let into its own again."""
    user = Mailbox(world.room).user
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    world.server.api("PUT", _path(world, "permissions", user), json=everything)
    ((kind, what),) = _told(world)
    assert kind == "permission"
    assert "read is .*" in what
    set_up(world.plan, world.broker)
    assert _told(world) == []


def test_a_binding_that_lets_a_room_read_anothers_notices_is_found(own_world: Planned) -> None:
    """Nobody planned it: it is named, with the advice to remove it."""
    vhost = quote(own_world.plan.partners_vhost, safe="")
    path = f"/api/bindings/{vhost}/e/inbox/q/{Mailbox(own_world.other).inbox}"
    own_world.server.api("POST", path, json={"routing_key": own_world.room})
    assert _told(own_world) == [("binding", "not planned")]


def test_a_stranger_with_a_permission_is_found(world: Planned) -> None:
    """Also one that a room that has left the configuration left behind."""
    gone = attrs.evolve(world.plan, rooms=world.plan.rooms[:1])
    kinds = {(one.kind, one.what) for one in differences(gone, world.broker)}
    assert kinds == {
        (kind, "not planned") for kind in ("queue", "exchange", "binding", "permission")
    }


def test_another_password_is_found_and_set(world: Planned) -> None:
    """The broker keeps a hash, and the file's password has to be the one that it is of."""
    room, account = world.plan.rooms[0]
    rooms = ((room, Account(name=account.name, password="another")), *world.plan.rooms[1:])
    plan = attrs.evolve(world.plan, rooms=rooms)
    (found,) = differences(plan, world.broker)
    assert found.what == "another password than in its file"
    assert "another" not in repr(plan)
    set_up(plan, world.broker)
    assert differences(plan, world.broker) == []
    set_up(world.plan, world.broker)


def test_a_user_whose_certificate_logs_in_has_no_password(world: Planned) -> None:
    """One that it had is taken away, and one that it gets again is found."""
    plan = attrs.evolve(world.plan, bus=attrs.evolve(world.plan.bus, password=""))
    (found,) = differences(plan, world.broker)
    assert found.what == "a password"
    set_up(plan, world.broker)
    assert differences(plan, world.broker) == []
    set_up(world.plan, world.broker)


def test_an_administrator_among_the_rooms_is_found(world: Planned) -> None:
    """A tag lets a user do more than any permission says; it is taken away."""
    _, account = world.plan.rooms[0]
    told = {"password": account.password, "tags": "administrator"}
    world.server.api("PUT", f"/api/users/{account.name}", json=told)
    (found,) = differences(world.plan, world.broker)
    assert found.what == "tags is ['administrator'], not []"
    set_up(world.plan, world.broker)
    assert differences(world.plan, world.broker) == []


def test_a_queue_lets_no_message_go_for_being_sent_out_often(world: Planned) -> None:
    """From version 4 on RabbitMQ drops a record after twenty attempts, unless told otherwise."""
    newer = attrs.evolve(world.plan, version=(4, 1))
    policies = {one.name: one.value for one in newer.items() if one.kind == "policy"}
    assert policies["outboxes"]["definition"]["delivery-limit"] == -1
    assert policies["wake-ups"]["definition"]["delivery-limit"] == -1
    assert policies["inboxes"]["definition"]["delivery-limit"] == -1


def test_the_bus_may_ask_how_full_each_inbox_is(world: Planned) -> None:
    """Newer brokers tell it only to a user who may do something with that queue."""
    (granted,) = (
        one.value
        for one in world.plan.items()
        if (one.kind, one.vhost, one.name)
        == ("permission", world.plan.partners_vhost, world.plan.bus.name)
    )
    for room, _ in world.plan.rooms:
        box = Mailbox(room)
        assert all(re.search(granted["read"], name) for name in (box.inbox, box.outbox, box.unread))
    assert granted["configure"] == "^$"


def test_a_broker_that_is_too_old_is_named(world: Planned) -> None:
    """Before 3.10 a message that expires can be lost."""
    old = attrs.evolve(world.plan, version=(3, 9))
    (found,) = differences(old, world.broker)
    assert (found.what, found.remedy) == ("version 3.9", "Run 3.10 or newer.")


def test_a_user_who_may_not_administrate_is_named(rabbit_server: RabbitServer) -> None:
    """Its password is not shown."""
    login = Login(url=rabbit_server.management_url, user="nobody", password="hush")
    with pytest.raises(Stop, match="does not let 'nobody' administrate") as refusal:
        Management(login).version()
    assert "hush" not in str(refusal.value)


def test_a_management_interface_that_is_away_is_named() -> None:
    """It may be back later."""
    with pytest.raises(Retry, match=r"at http://127.0.0.1:9 is not reached"):
        Management(Login(url="http://127.0.0.1:9", user="a", password="b")).version()


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (404, b"", Stop, "is no management interface"),
        (200, b"[]", Stop, "is no management interface"),
        (200, b"<html>", Retry, "cannot say /api/overview"),
        (502, b"<html>", Retry, "status 502"),
        (500, b'{"error": "boom"}', Retry, "status 500"),
    ],
)
def test_what_is_no_answer_of_a_management_interface_is_said(
    status: int, body: bytes, error: type[Exception], words: str
) -> None:
    """A wrong port, a proxy before it, and a broker that is ill."""
    with answering(status, body) as url, pytest.raises(error, match=words):
        Management(Login(url=url, user="a", password="b")).version()


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to every question."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
