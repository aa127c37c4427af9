"""Publishes with confirms, as many as are wanted before it waits: the broker's own speed."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from amqp import Connection
from amqp.basic_message import Message

_PATIENCE_S = 60.0


class ConfirmedPublisher:
    """One connection that knows which of its persistent messages the broker has confirmed."""

    def __init__(self, login_url: str) -> None:
        address = urlsplit(login_url)
        self._connection = Connection(
            host=f"{address.hostname}:{address.port}",
            userid=unquote(address.username or ""),
            password=unquote(address.password or ""),
            virtual_host=unquote(address.path.removeprefix("/")),
        )
        self._connection.connect()
        self.channel = self._connection.channel()
        self.channel.confirm_select()
        self.channel.events["basic_ack"].add(self._confirmed)
        self._published = 0
        self._open: set[int] = set()

    def publish(self, body: bytes, exchange: str, routing_key: str) -> None:
        """Hand one message to the broker without waiting for its confirmation."""
        message = Message(
            body, content_type="application/json", content_encoding="utf-8", delivery_mode=2
        )
        self._published += 1
        self._open.add(self._published)
        self.channel.basic_publish(message, exchange=exchange, routing_key=routing_key)

    def wait(self) -> None:
        """Wait until everything is confirmed."""
        while self._open:
            self._connection.drain_events(timeout=_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def _confirmed(self, delivery_tag: int, multiple: Any) -> None:
        if multiple:
            self._open = {tag for tag in self._open if tag > delivery_tag}
        else:
            self._open.discard(delivery_tag)
