"""Exchange and queues of the wake-ups."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

# Less than a publish may take: kombu closes the socket of a broker that takes a connection and
# never answers only when this runs out, and whoever interrupts it earlier leaves it open.
_CONNECT_S = 1.0
WAKE = Exchange("dispatch-bus.wake", type="direct", durable=True)
KINDS = ("decide", "deliver")


def queue(kind: str) -> Queue:
    """Return the queue that wake-ups of one kind go to."""
    return Queue(f"dispatch-bus.wake.{kind}", exchange=WAKE, routing_key=kind, durable=True)


@frozen
class Broker:
    """Where the broker is. In memory, kombu has to be told to look more often than it does."""

    url: str = "memory://"
    transport_options: dict[str, Any] = field(factory=lambda: {"polling_interval": 0.005})

    def connect(self) -> Connection:
        """Make a connection object; it connects when it is first used."""
        return Connection(
            self.url, transport_options=self.transport_options, connect_timeout=_CONNECT_S
        )
