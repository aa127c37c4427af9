"""Headers that a broker takes, and that a client in Python may stumble over."""

from __future__ import annotations

import struct

from pika import BasicProperties


class OddProperties(BasicProperties):  # type: ignore[misc]
    """A message's id, and headers as they go over the line."""

    def __init__(self, message_id: str, headers: bytes) -> None:
        super().__init__(content_type="text/plain", message_id=message_id)
        self.table = headers

    def encode(self) -> list[bytes]:
        """Return the properties as pika sends them."""
        flags = self.FLAG_CONTENT_TYPE | self.FLAG_HEADERS | self.FLAG_MESSAGE_ID
        kind, name = (_short(one) for one in (self.content_type, self.message_id))
        return [struct.pack(">H", flags), kind, self.table, name]


def table(value: bytes) -> bytes:
    """Return headers of which one has this value, which begins with its kind."""
    entry = _short("odd") + value
    return struct.pack(">L", len(entry)) + entry


def nested(levels: int) -> bytes:
    """Return a list in a list in a list."""
    value = b"V"
    for _ in range(levels):
        value = b"A" + struct.pack(">L", len(value)) + value
    return value


def _short(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


ODD = {
    "a time in milliseconds": table(b"T" + struct.pack(">Q", 1_700_000_000_000)),
    "a time without end": table(b"T" + struct.pack(">Q", 2**64 - 1)),
    "lists in lists": table(nested(5_000)),
}
NO_NUMBERS = {
    "no number": table(b"d" + struct.pack(">d", float("nan"))),
    "infinity": table(b"f" + struct.pack(">f", float("inf"))),
}
"""RabbitMQ 3.10 refuses these itself."""
