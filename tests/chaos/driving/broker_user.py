"""Who publishes to the bus's own queues what does not belong there, past every proxy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import amqp
from chaos.driving.arena import Arena
from chaos.driving.malformed_messages import Malformed
from servers.rabbitmq import ADMIN, RabbitServer

WAKE = "dispatch-bus.wake"
QUEUES = {"decide": f"{WAKE}.decide", "deliver": f"{WAKE}.deliver"}
_NAMES = frozenset(QUEUES.values())
_WAIT_S = 30


@contextmanager
def connected(server: RabbitServer, vhost: str) -> Iterator[amqp.Channel]:
    """Open a channel that confirms what it publishes."""
    address = f"127.0.0.1:{server.port}"
    with amqp.Connection(
        address,
        ADMIN,
        server.password,
        virtual_host=vhost,
        confirm_publish=True,
        read_timeout=_WAIT_S,
        write_timeout=_WAIT_S,
    ) as connection:
        yield connection.channel()


def publish(channel: amqp.Channel, messages: Iterable[Malformed], kind: str) -> Iterator[Malformed]:
    """Publish messages among the wake-ups of one kind; yield each once the broker has it."""
    for one in messages:
        channel.basic_publish(amqp.Message(one.body, **one.properties), WAKE, kind)
        yield one


def waiting(arena: Arena) -> int:
    """Return how many wake-ups, and what passes for them, the broker still holds."""
    server = arena.nodes[0].server
    answer = server.api("GET", f"/api/queues/{quote(arena.vhost, safe='')}")
    return sum(queue.get("messages", 0) for queue in answer.json() if queue["name"] in _NAMES)


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


def replay(channel: amqp.Channel, heard: Iterable[amqp.Message], times: int) -> int:
    """Publish messages again, last first, each so many times; return how many were sent."""
    count = 0
    for one in reversed(list(heard)):
        for _ in range(times):
            again = amqp.Message(one.body, **{**one.properties, "delivery_mode": 2})
            channel.basic_publish(again, WAKE, one.delivery_info["routing_key"])
            count += 1
    return count
