"""Who publishes to the bus's own queues what does not belong there, past every proxy."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import amqp
import attrs
from chaos.driving.arena import Arena
from chaos.driving.malformed_messages import Malformed
from servers.rabbitmq import ADMIN, RabbitServer

from dispatch_bus.domain.errors import Retry
from dispatch_bus.messaging.confirms import Confirms

WAKE = "dispatch-bus.wake"
QUEUES = {"decide": f"{WAKE}.decide", "deliver": f"{WAKE}.deliver"}
_NAMES = frozenset(QUEUES.values())
_WAIT_S = 30
_AT_ONCE = 100
_PAUSE_S = 0.2


@attrs.frozen
class Line:
    """An open channel, and what the broker says of what is published on it."""

    channel: amqp.Channel
    confirms: Confirms

    def publish(self, message: amqp.Message, kind: str) -> None:
        """Publish among the wake-ups of a kind; ``confirms`` tells when the broker has it."""
        self.confirms.expect()
        self.channel.basic_publish(message, WAKE, kind)


@contextmanager
def connected(server: RabbitServer, vhost: str) -> Iterator[Line]:
    """Open a channel."""
    address = f"127.0.0.1:{server.port}"
    with amqp.Connection(
        address,
        ADMIN,
        server.password,
        virtual_host=vhost,
        read_timeout=_WAIT_S,
        write_timeout=_WAIT_S,
    ) as connection:
        channel = connection.channel()
        yield Line(channel, Confirms(channel))


def publish(line: Line, messages: Iterable[Malformed], kind: str) -> Iterator[Malformed]:
    """Publish messages among the wake-ups of one kind; yield each once the broker has it."""
    left = iter(messages)
    while some := list(islice(left, _AT_ONCE)):
        while not _are_taken(line, some, kind):
            time.sleep(_PAUSE_S)
        yield from some


def _are_taken(line: Line, messages: Iterable[Malformed], kind: str) -> bool:
    """Publish messages; false where their queue is full: what it has taken may come again."""
    for one in messages:
        line.publish(amqp.Message(one.body, **one.properties), kind)
    try:
        line.confirms.wait()
    except Retry:
        return False
    return True


def waiting(arena: Arena) -> int:
    """Return how many wake-ups, and messages of rooms or to them, the broker still holds."""
    answer = arena.nodes[0].server.api("GET", "/api/queues")
    return sum(queue.get("messages", 0) for queue in answer.json() if _counts(queue["name"]))


def _counts(queue: str) -> bool:
    return queue in _NAMES or queue.startswith(("inbox.", "outbox.", "unread."))


def overheard(channel: amqp.Channel, within_s: float) -> list[amqp.Message]:
    """Listen to the wake-ups of that time, in a queue of one's own."""
    queue = channel.queue_declare(exclusive=True).queue
    for kind in QUEUES:
        channel.queue_bind(queue, WAKE, kind)
    heard: list[amqp.Message] = []
    channel.basic_consume(queue, no_ack=True, callback=heard.append)
    try:
        while True:
            channel.connection.drain_events(timeout=within_s)
            if len(heard) >= 100:
                return heard
    except TimeoutError:
        return heard


def replay(line: Line, heard: Iterable[amqp.Message], times: int) -> None:
    """Publish messages again, last first, each so many times."""
    for one in reversed(list(heard)):
        for _ in range(times):
            again = amqp.Message(one.body, **{**one.properties, "delivery_mode": 2})
            line.publish(again, one.delivery_info["routing_key"])
    line.confirms.wait()
