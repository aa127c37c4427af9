"""Who publishes to the bus's own queues what does not belong there, past every proxy."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import amqp
from chaos.driving.arena import Arena
from chaos.driving.malformed_messages import Malformed
from servers.rabbitmq import ADMIN, RabbitServer

WAKE = "dispatch-bus.wake"
QUEUES = {"decide": f"{WAKE}.decide", "deliver": f"{WAKE}.deliver"}
_NAMES = frozenset(QUEUES.values())
_WAIT_S = 30
_AT_ONCE = 100
_PAUSE_S = 0.2


class Line:
    """An open channel, and what the broker says of each message that is published on it."""

    def __init__(self, channel: amqp.Channel) -> None:
        self.channel = channel
        self._last = 0
        self._waiting: set[int] = set()
        self._refused: set[int] = set()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._settled)
        channel.events["basic_nack"].add(self._nacked)

    def publish(self, messages: Iterable[tuple[amqp.Message, str]]) -> list[bool]:
        """Publish messages, each among the wake-ups of a kind; tell which the broker has taken."""
        numbers = [self._publish(message, kind) for message, kind in messages]
        while self._waiting:
            self.channel.connection.drain_events(timeout=_WAIT_S)
        return [number not in self._refused for number in numbers]

    def _publish(self, message: amqp.Message, kind: str) -> int:
        self._last += 1
        self._waiting.add(self._last)
        self.channel.basic_publish(message, WAKE, kind)
        return self._last

    def _settled(self, tag: int, multiple: bool) -> set[int]:
        settled = {one for one in self._waiting if one == tag or (multiple and one < tag)}
        self._waiting -= settled
        return settled

    def _nacked(self, tag: int, multiple: bool) -> None:
        self._refused |= self._settled(tag, multiple)


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
        yield Line(connection.channel())


def publish(line: Line, messages: Iterable[Malformed], kind: str) -> Iterator[Malformed]:
    """Publish messages among the wake-ups of one kind; yield each once the broker has it.

    One that the broker refuses, for its queue is full, is published again a little later.
    """
    left = iter(messages)
    while some := list(islice(left, _AT_ONCE)):
        while some:
            told = [(amqp.Message(one.body, **one.properties), kind) for one in some]
            taken = line.publish(told)
            yield from (one for one, is_taken in zip(some, taken, strict=True) if is_taken)
            some = [one for one, is_taken in zip(some, taken, strict=True) if not is_taken]
            time.sleep(_PAUSE_S if some else 0.0)


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
    line.publish(
        (
            amqp.Message(one.body, **{**one.properties, "delivery_mode": 2}),
            one.delivery_info["routing_key"],
        )
        for one in reversed(list(heard))
        for _ in range(times)
    )
