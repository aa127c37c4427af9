"""The bell: consumes wake-ups and wakes whoever waits for work of that kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import eventlet
import structlog
from eventlet.queue import Empty, Full, LightQueue
from kombu.connection import Connection
from kombu.messaging import Consumer
from nameko.extensions import SharedExtension

from dispatch_bus.domain.errors import Refused, Stop
from dispatch_bus.messaging import wakeups
from dispatch_bus.messaging.failing import FAILURES, drop, meaning
from dispatch_bus.messaging.foreign import Shelf
from dispatch_bus.messaging.topology import KINDS
from dispatch_bus.observability.metrics import BROKER_UP, WAKEUPS

_log = structlog.get_logger(__name__)
# To open a connection's channel and begin to consume; a broker that hangs says nothing at all.
_OPEN_S = 5.0
_LOOK_EVERY_S = 0.5
_AT_ONCE_S = 0.001
_PREFETCH = 100
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class Waiter:
    """One loop's place to wait. Several rings before it looks count as one."""

    def __init__(self) -> None:
        self._rung: LightQueue = LightQueue(maxsize=1)

    def ring(self) -> None:
        """Wake the loop now, or at once when it next waits."""
        try:
            self._rung.put_nowait(True)
        except Full:
            return

    def wait(self, timeout_s: float) -> None:
        """Wait for a ring, but no longer than ``timeout_s`` seconds."""
        try:
            self._rung.get(timeout=timeout_s)
        except Empty:
            return


def _as_it_came(read: Callable[[Any], Any], raw: Any) -> Any:
    """Read a message with the body that it has, whatever it says of its compression.

    kombu would inflate it in memory at once: from one megabyte to as much as the machine has.
    """
    (raw.headers or {}).pop("compression", None)
    return read(raw)


class Bell(SharedExtension):
    """One consumer per service container, shared by its loops.

    A broker that is away or refuses is tried again for ever: without it, work is found by
    looking. All that is said to the broker is said by one thread, the one that listens.
    """

    def __init__(self) -> None:
        self._waiters: dict[str, dict[str, Waiter]] = defaultdict(dict)
        self._stopping = False
        self._failing = ""
        self._pause_s = _FIRST_PAUSE_S

    def listen(self, kind: str, lane: str) -> Waiter:
        """Return a lane's place to wait for work of one kind; not every kind is ever rung."""
        waiter = self._waiters[kind][lane] = Waiter()
        return waiter

    def start(self) -> None:
        """Begin to consume."""
        if any(kind in KINDS for kind in self._waiters):
            self._shelf = Shelf(self.container.config["foreign"], _PREFETCH)
            self.container.spawn_managed_thread(self._run, identifier="bell")

    def stop(self) -> None:
        """Stop consuming and let every loop see that it is to end."""
        self._stopping = True
        for lanes in self._waiters.values():
            for waiter in lanes.values():
                waiter.ring()

    def _run(self) -> None:
        for connection in self.container.config["broker"].connections():
            if self._stopping:
                return
            try:
                self._consume(connection)
            except Stop:
                raise
            except (eventlet.Timeout, Exception) as error:  # noqa: BLE001 - it has to ring again
                self._failed(error)
            finally:
                self._up.set(0)
                self._shelf.clear()
                drop(connection)
            self._pause()

    @property
    def _up(self) -> Any:
        return BROKER_UP.labels(self.container.service_name)

    def _consume(self, connection: Connection) -> None:
        with eventlet.Timeout(_OPEN_S):
            self._open(connection)
        self._heard()
        while not self._stopping:
            with suppress(TimeoutError):
                connection.drain_events(timeout=_LOOK_EVERY_S)
                # What else has come is settled with it.
                while self._shelf.has_room:
                    connection.drain_events(timeout=_AT_ONCE_S)
            connection.heartbeat_check()
            self._shelf.settle()

    def _open(self, connection: Connection) -> None:
        channel: Any = connection.default_channel
        broker = self.container.config["broker"]
        # What is quarantined are the bytes as they came.
        channel.auto_decode = False
        if not broker.is_in_memory:
            channel.message_to_python = partial(_as_it_came, channel.message_to_python)
        consumer = Consumer(
            channel,
            queues=[broker.queue(kind) for kind in self._waiters if kind in KINDS],
            prefetch_count=_PREFETCH,
            on_message=self._take,
            on_decode_error=lambda message, _: self._take(message),
        )
        consumer.consume()

    def _take(self, message: Any) -> None:
        kind = message.delivery_info.get("routing_key", "")
        try:
            wakeup = wakeups.read(message.body, message.content_type, kind)
        except Refused as reason:
            self._shelf.put(message, reason)
            return
        WAKEUPS.labels(kind).inc()
        waiter = self._waiters[kind].get(wakeup.lane)
        if waiter:
            waiter.ring()
        message.ack()

    def _heard(self) -> None:
        self._up.set(1)
        self._pause_s = _FIRST_PAUSE_S
        if self._failing:
            _log.info("wake-ups come again")
        self._failing = ""

    def _failed(self, error: BaseException) -> None:
        """Say once why no wake-ups come."""
        why = meaning(error)
        unknown = None if isinstance(error, FAILURES) else error
        if why != self._failing:
            what = "no wake-ups come; work is found by looking for it"
            _log.warning(what, reason=why, exc_info=unknown)
        self._failing = why

    def _pause(self) -> None:
        if not self._stopping:
            eventlet.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
