"""Exchange and queues of the wake-ups, and how their broker is reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from ssl import CERT_REQUIRED
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

# Less than a publish may take: kombu closes the socket of a broker that takes a connection and
# never answers only when this runs out, and whoever interrupts it earlier leaves it open.
_CONNECT_S = 1.0
# A peer that says nothing for twice as long is gone; the sweep does its work meanwhile.
_HEARTBEAT_S = 5
_MEMORY = "memory://"
# With what kombu does by itself it looks a few times a second.
_MEMORY_OPTIONS = {"polling_interval": 0.005}

WAKE = "dispatch-bus.wake"
# Where the broker puts what no queue takes; `WAKE` has it as its alternate exchange.
UNROUTABLE = "dispatch-bus.unroutable"
KINDS = ("decide", "deliver")


def queue_name(kind: str) -> str:
    """Return the name of the queue that wake-ups of one kind go to."""
    return f"{WAKE}.{kind}"


@frozen(kw_only=True)
class Tls:
    """Whom to trust and who one is, as paths of PEM files; the last two are both given or empty."""

    ca_file: str
    certificate_file: str = ""
    key_file: str = ""

    def options(self, host: str) -> dict[str, Any]:
        """Return what py-amqp takes for a connection to a host, which has to prove its name."""
        return {
            "ca_certs": self.ca_file,
            "certfile": self.certificate_file or None,
            "keyfile": self.key_file or None,
            "cert_reqs": CERT_REQUIRED,
            "server_hostname": host,
        }


@frozen(kw_only=True)
class Broker:
    """Where the broker is: a cluster's nodes in the order to try them, or none for memory.

    ``name`` is what the broker's own log and management call this process's connections.
    """

    nodes: Sequence[str] = ()
    name: str = "dispatch-bus"
    password: str = field(default="", repr=False)
    tls: Tls | None = None

    @property
    def is_in_memory(self) -> bool:
        """Whether it reaches no further than this process, which then declares all it needs."""
        return not self.nodes

    def queue(self, kind: str) -> Queue:
        """Return a queue; one on RabbitMQ was declared by ``dispatch-bus broker setup`` alone."""
        exchange = Exchange(WAKE, type="direct", durable=True, no_declare=not self.is_in_memory)
        return Queue(
            queue_name(kind),
            exchange=exchange,
            routing_key=kind,
            durable=True,
            no_declare=not self.is_in_memory,
        )

    def connections(self) -> Iterator[Connection]:
        """Yield a connection to one node after the other, for ever; each connects when used.

        Whoever loses one goes on with the next.
        """
        for node in cycle(self.nodes or (_MEMORY,)):
            yield self._connection(node)

    def _login_method(self, told: str | None) -> str:
        by_password = self.password or told or not (self.tls and self.tls.certificate_file)
        return "PLAIN" if by_password else "EXTERNAL"

    def _connection(self, node: str) -> Connection:
        if self.is_in_memory:
            return Connection(node, transport_options=_MEMORY_OPTIONS)
        address = urlsplit(node)
        return Connection(
            node,
            password=self.password or None,
            login_method=self._login_method(address.password),
            ssl=self.tls.options(address.hostname or "") if self.tls else False,
            heartbeat=_HEARTBEAT_S,
            connect_timeout=_CONNECT_S,
            transport_options={
                "client_properties": {"connection_name": self.name},
                # Whoever connects goes on with the next node by itself, and has to learn why.
                "max_retries": 0,
            },
        )
