"""Messages that came from the broker, each until it is acknowledged."""

from __future__ import annotations

import queue
from collections.abc import Iterator

from attrs import define, field, frozen
from pika import spec
from pika.channel import Channel

# Of what is held at once. A message can be larger than this alone, and is then the only one.
_MOST_BYTES = 64 << 20


@frozen(kw_only=True)
class Delivery:
    """One message as it came: ``tag`` is its number since the connection was made.

    ``generation`` counts how often that was: after the next time, the broker sends again what was
    not acknowledged.
    """

    queue: str
    generation: int
    tag: int
    properties: spec.BasicProperties
    body: bytes
    redelivered: bool


@define(eq=False)
class Receiving:
    """Consumes queues on one channel, with at most ``prefetch`` unacknowledged messages of each.

    More bytes than can be held are left to the broker: consuming pauses until some of them are
    acknowledged, and what was on its way goes back.
    """

    _channel: Channel
    _generation: int
    _queues: tuple[str, ...]
    _prefetch: int
    _arrivals: queue.Queue[Delivery]
    _held: dict[int, int] = field(factory=dict)
    _queue_of: dict[str, str] = field(factory=dict)
    _turn: int = 0
    _paused: bool = False

    def begin(self) -> None:
        """Ask for messages."""
        self._channel.basic_qos(prefetch_count=self._prefetch)
        self._consume()

    def acknowledge(self, tag: int, *, multiple: bool) -> None:
        """Tell the broker that a message, or all up to it, may be forgotten."""
        known = [one for one in self._held if one == tag or (multiple and one < tag)]
        if tag not in known:
            return
        for one in known:
            del self._held[one]
        self._channel.basic_ack(tag, multiple=multiple)
        self._resume()

    def reject(self, tag: int) -> None:
        """Have the broker take a message away for good, to where such ones go."""
        if self._held.pop(tag, None) is not None:
            self._channel.basic_reject(tag, requeue=False)
            self._resume()

    def _consume(self) -> None:
        # A name that a consumer had is not free again before the broker's word that it ended.
        self._turn += 1
        self._queue_of = {f"{name} {self._turn}": name for name in self._queues}
        for consumer, name in self._queue_of.items():
            self._channel.basic_consume(name, self._arrived, consumer_tag=consumer)

    def _arrived(
        self,
        _: Channel,
        method: spec.Basic.Deliver,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        tag = method.delivery_tag
        self._held[tag] = len(body)
        if not self._paused and sum(self._held.values()) > _MOST_BYTES:
            self._pause()
        arrived = Delivery(
            queue=self._queue_of[method.consumer_tag],
            generation=self._generation,
            tag=tag,
            properties=properties,
            body=body,
            redelivered=method.redelivered,
        )
        self._arrivals.put(arrived)

    def _pause(self) -> None:
        self._paused = True
        for consumer in self._queue_of:
            # pika gives back what is on its way, and with a callback it consumes again only after
            # the broker's word that nothing more is: so all comes in its order.
            self._channel.basic_cancel(consumer, callback=_ended)

    def _resume(self) -> None:
        if self._paused and sum(self._held.values()) <= _MOST_BYTES // 2:
            self._paused = False
            self._consume()


def _ended(_: object) -> None:
    """Take the broker's word that a consumer has ended."""


def drained(arrivals: queue.Queue[Delivery]) -> Iterator[Delivery]:
    """Yield what has arrived, without waiting for more."""
    while True:
        try:
            yield arrivals.get_nowait()
        except queue.Empty:
            return
