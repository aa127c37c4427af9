"""The bell: consumes wake-ups and wakes whoever waits for work of that kind."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import structlog
from eventlet.queue import Empty, Full, LightQueue
from kombu.mixins import ConsumerMixin
from nameko.extensions import SharedExtension

from dispatch_bus.messaging.topology import KINDS, queue
from dispatch_bus.observability.metrics import MALFORMED_WAKEUPS, WAKEUPS

_log = structlog.get_logger(__name__)


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


class Bell(SharedExtension, ConsumerMixin):
    """One consumer per service container, shared by its loops."""

    def __init__(self) -> None:
        self._waiters: dict[str, dict[str, Waiter]] = defaultdict(dict)
        self.should_stop = False

    def listen(self, kind: str, lane: str) -> Waiter:
        """Return a lane's place to wait for work of one kind; not every kind is ever rung."""
        waiter = self._waiters[kind][lane] = Waiter()
        return waiter

    def start(self) -> None:
        """Begin to consume."""
        if any(kind in KINDS for kind in self._waiters):
            self.connection = self.container.config["broker"].connect()
            self.container.spawn_managed_thread(self.run, identifier="bell")

    def stop(self) -> None:
        """Stop consuming and let every loop see that it is to end."""
        self.should_stop = True
        for lanes in self._waiters.values():
            for waiter in lanes.values():
                waiter.ring()

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        """Consume the kinds that somebody here waits for."""
        kinds = [kind for kind in self._waiters if kind in KINDS]
        consumer = consumer_cls(
            queues=[queue(kind) for kind in kinds],
            callbacks=[self._rung],
            accept=["json"],
            prefetch_count=100,
        )
        return [consumer]

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Take note of a wake-up that cannot be decoded."""
        self._unreadable(message, str(exc))

    def _rung(self, body: Any, message: Any) -> None:
        lane = body.get("lane") if isinstance(body, dict) else None
        if not isinstance(lane, str):
            self._unreadable(message, "it is no object that names its lane")
            return
        kind = message.delivery_info.get("routing_key", "")
        WAKEUPS.labels(kind).inc()
        waiter = self._waiters[kind].get(lane)
        if waiter:
            waiter.ring()
        message.ack()

    def _unreadable(self, message: Any, why: str) -> None:
        """Count a wake-up that says nothing and settle it: the sweep finds its work."""
        MALFORMED_WAKEUPS.inc()
        _log.warning("a wake-up could not be read", error=why)
        message.ack()
