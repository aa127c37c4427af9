"""Publishes wake-ups on a connection of its own, each batch bounded in time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import eventlet
from kombu.connection import Connection
from kombu.messaging import Producer
from nameko.extensions import DependencyProvider

from dispatch_bus.domain.errors import Retry
from dispatch_bus.messaging import wakeups as writing
from dispatch_bus.messaging.confirms import Confirms
from dispatch_bus.messaging.failing import FAILURES, drop, meaning
from dispatch_bus.messaging.topology import WAKE, Broker
from dispatch_bus.observability.metrics import BROKER_UP
from dispatch_bus.store.signals import Wakeup

_BOUND_S = 2.0
_AT_ONCE_S = 0.001
_AGAIN_S = 10.0
_PERSISTENT = 2


class Publisher:
    """Publishes batches. A broker that does not take one in 2 s loses its connection."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connections = broker.connections()
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._confirms: Confirms | None = None
        # Whether the last wake-ups were taken, as far as any were published.
        self._takes = True
        self._again_at = 0.0

    def publish(self, wakeups: Iterable[Wakeup]) -> None:
        """Publish one wake-up for each loop that is to be woken, however many there are for it.

        Returns once the broker has confirmed them all, where it is one that confirms. With none it
        sees to the connection: the broker ends one on which nothing comes for 10 s.

        Raises:
            Retry: the broker did not take them. They are lost, and the sweep makes up for it.
        """
        # Who is woken does all that is due: a second ring would find nothing left.
        distinct = {(one.kind, one.lane): one for one in wakeups}
        try:
            with eventlet.Timeout(_BOUND_S):
                if distinct:
                    self._publish_all(distinct.values())
                    self._takes = True
                elif self._may_beat:
                    self._beat()
        except Retry:
            self._takes = False
            BROKER_UP.labels("relay").set(0)
            raise
        except BaseException as error:
            # Whatever it was, what was sent may still be answered: this connection is of no use.
            self._drop()
            self._takes = self._takes and not distinct
            self._again_at = time.monotonic() + _AGAIN_S
            if isinstance(error, FAILURES):
                raise Retry(f"The broker does not take wake-ups: {meaning(error)}") from error
            raise
        BROKER_UP.labels("relay").set(self._producer is not None and self._takes)

    def close(self) -> None:
        """Close the connection, without waiting for a broker that does not answer."""
        if self._connection is not None:
            drop(self._connection)
        self._connection = None

    def _publish_all(self, wakeups: Iterable[Wakeup]) -> None:
        producer = self._producer or self._connect()
        for one in wakeups:
            if self._confirms:
                self._confirms.expect()
            producer.publish(
                writing.body(one),
                exchange=WAKE,
                routing_key=one.kind,
                content_type=writing.CONTENT_TYPE,
                content_encoding="utf-8",
                delivery_mode=_PERSISTENT,
                mandatory=True,
                retry=False,
            )
        if self._confirms:
            self._confirms.wait()

    @property
    def _may_beat(self) -> bool:
        """Whether there is a connection to keep, or it is time to try for one again."""
        return self._producer is not None or time.monotonic() >= self._again_at

    def _beat(self) -> None:
        """Let the broker know that somebody is there, and hear whether it still is."""
        if self._producer is None:
            self._connect()
        if self._connection is None or self._broker.is_in_memory:
            return
        with suppress(TimeoutError):
            self._connection.drain_events(timeout=_AT_ONCE_S)
        self._connection.heartbeat_check()

    def _connect(self) -> Producer:
        self._connection = next(self._connections)
        producer = Producer(self._connection, auto_declare=False)
        # In memory whoever listens declares its queue: without one nobody would ever empty it.
        if not self._broker.is_in_memory:
            self._confirms = Confirms(producer.channel)
        self._producer = producer
        return producer

    def _drop(self) -> None:
        BROKER_UP.labels("relay").set(0)
        connection, self._connection = self._connection, None
        self._producer = self._confirms = None
        if connection is not None:
            connection.collect(socket_timeout=_BOUND_S)


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
