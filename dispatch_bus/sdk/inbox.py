"""A room's own end of its mailbox: what a partner's programmer needs, and nothing of the bus.

inbox = Inbox(Access(url="amqps://room-BE@broker.example/dispatch-bus-partners", ...), "BE")
for message in inbox.take(wait_s=10.0):
    inbox.receipt(message, store(message.content))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from dispatch_bus.domain.checks import storable
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, parse
from dispatch_bus.sdk.amqp import Access, Connection, Delivery
from dispatch_bus.sdk.mailbox import MAX_BODY_BYTES, Mailbox

# Of a message's property, which the protocol counts in one byte.
_MOST_PROPERTY_BYTES = 255


@frozen
class Taken:
    """A message out of the inbox, held by this connection until it is settled.

    ``id`` is the same each time that it comes; ``content`` is what docs/integrator.md calls a
    message.
    """

    id: str
    content: JSON = field(repr=False)
    delivery: Delivery = field(repr=False)


class Inbox:
    """Takes messages out of a room's inbox and puts records into its outbox. Threads may share it.

    It connects by itself, and again when the connection breaks; what was taken and not settled
    then comes again. At most ``at_once`` messages are taken and unsettled.

    Every call may raise:
        Retry: the broker is not reached, does not answer in time, or the outbox is full.
    """

    def __init__(
        self,
        access: Access,
        room: str,
        *,
        at_once: int = 100,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._mailbox = Mailbox(room)
        self._clock = clock
        self._connection = Connection(
            access, self._mailbox.user, queues=(self._mailbox.inbox,), prefetch=at_once
        )

    def take(self, wait_s: float) -> list[Taken]:
        """Return what is in the inbox; with nothing, wait up to ``wait_s`` seconds."""
        return [_taken(one) for one in self._connection.receive(wait_s)]

    def receipt(self, taken: Taken, reference: str) -> None:
        """Say that the room holds a message, under a reference of its own; then it is delivered.

        Give it once the message is stored. The same message may come again: give the same receipt.
        """
        told = {
            "type": "receipt",
            "message": taken.id,
            "reference": reference,
            "received": self._clock().isoformat(),
        }
        self.send(told, record_id=f"receipt {taken.id}")
        self._connection.acknowledge(taken.delivery.generation, taken.delivery.tag)

    def reject(self, taken: Taken) -> None:
        """Say that the room will never take a message: it counts as undeliverable."""
        self._connection.reject(taken.delivery.generation, taken.delivery.tag)

    def send(self, record: Mapping[str, Any], *, record_id: str) -> None:
        """Send a case or an answer; it is with the broker, on disk, when this returns.

        ``record_id`` is unique within the room and never used again for another record. After a
        ``Retry`` send it again under the same one: it counts once.

        Raises:
            Refused: it is too large, or its id or type is none.
        """
        name, kind = _property("record_id", record_id), _property("type", record.get("type"))
        body = json.dumps(record).encode()
        if len(body) > MAX_BODY_BYTES:
            remedy = f"Send at most {MAX_BODY_BYTES:,} bytes."
            raise Refused("record", f"{len(body):,} bytes", remedy)
        self._connection.publish(self._mailbox.outbox, "", body, message=name, kind=kind)

    def close(self) -> None:
        """End the connection; what is taken and not settled goes back into the inbox."""
        self._connection.close()


def _property(field: str, value: Any) -> str:
    text = storable(field, value)
    if not text.strip():
        raise Refused(field, text, "Send at least one visible character.")
    if len(text.encode()) > _MOST_PROPERTY_BYTES:
        raise Refused(field, text, f"Shorten it to {_MOST_PROPERTY_BYTES} bytes of UTF-8 at most.")
    return text


def _taken(delivery: Delivery) -> Taken:
    return Taken(str(delivery.properties.message_id), parse(delivery.body), delivery)
