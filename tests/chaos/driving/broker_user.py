"""Who publishes to the bus's own queues what does not belong there, past every proxy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import amqp
from chaos.driving.malformed_messages import Malformed
from servers.rabbitmq import ADMIN, RabbitServer

WAKE = "dispatch-bus.wake"
QUEUES = {"decide": f"{WAKE}.decide", "deliver": f"{WAKE}.deliver"}
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
