"""Publishes wake-ups on a connection of its own, each publish bounded in time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import eventlet
from amqp.exceptions import AMQPError  # type: ignore[import-untyped]
from kombu.exceptions import KombuError
from kombu.messaging import Producer
from nameko.extensions import DependencyProvider

from dispatch_bus.domain.errors import Retry
from dispatch_bus.messaging.topology import KINDS, WAKE, queue
from dispatch_bus.store.signals import Wakeup

_BOUND_S = 2.0
_FAILURES = (eventlet.Timeout, OSError, AMQPError, KombuError)


class Publisher:
    """Publishes batches. A broker that does not take one in 2 s loses its connection."""

    def __init__(self, broker: Any) -> None:
        self._broker = broker
        self._producer: Producer | None = None

    def publish(self, wakeups: Iterable[Wakeup]) -> None:
        """Publish each distinct wake-up once.

        Raises:
            Retry: the broker did not take them. They are lost, and the sweep makes up for it.
        """
        distinct = {(one.kind, one.lane, one.reference): one for one in wakeups}
        try:
            with eventlet.Timeout(_BOUND_S):
                for one in distinct.values():
                    self._publish(one)
        except _FAILURES as error:
            self.close()
            raise Retry(f"The broker did not take a wake-up ({type(error).__name__})") from error

    def close(self) -> None:
        """Drop the connection without waiting for the broker."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.connection.collect(socket_timeout=_BOUND_S)

    def _publish(self, one: Wakeup) -> None:
        if self._producer is None:
            connection = self._broker.connect()
            self._producer = Producer(connection, exchange=WAKE, serializer="json")
            for kind in KINDS:
                queue(kind)(self._producer.channel).declare()
        body = {
            "kind": one.kind,
            "lane": one.lane,
            "reference": one.reference,
            "revision": one.revision,
            "correlation": one.correlation,
        }
        self._producer.publish(body, routing_key=one.kind, retry=False)


class Publishing(DependencyProvider):
    """Gives a service its publisher."""

    def setup(self) -> None:
        """Make the publisher; it connects when it first publishes."""
        self._publisher = Publisher(self.container.config["broker"])

    def stop(self) -> None:
        """Close its connection."""
        self._publisher.close()

    def get_dependency(self, worker_ctx: Any) -> Publisher:
        """Return the one publisher of this container."""
        return self._publisher
