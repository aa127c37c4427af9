"""Messages on their way to the broker, each until the broker's word on it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from attrs import define, field, frozen
from pika import spec

from dispatch_bus.domain.errors import Retry


class Rejected(Retry):
    """The broker has no room for the message: the queue that it goes to is full."""

    def __init__(self) -> None:
        super().__init__("the queue is full")


class Unroutable(Retry):
    """No queue takes what is sent there, until the broker's operator has declared it."""

    def __init__(self, exchange: str, key: str) -> None:
        remedy = "declare it: dispatch-bus broker setup"
        super().__init__(f"no queue takes what is sent to {exchange}/{key} ({remedy})")


@frozen
class _Sent:
    future: Future[None]
    message: str
    exchange: str
    key: str


@define
class Confirming:
    """What was published on one channel and not yet confirmed, by its number on that channel."""

    _waiting: dict[int, _Sent] = field(factory=dict)
    _returned: set[str] = field(factory=set)
    _number: int = 0

    def expect(self, future: Future[None], message: str, exchange: str, key: str) -> None:
        """Note a message just after it was published."""
        self._number += 1
        self._waiting[self._number] = _Sent(future, message, exchange, key)

    def returned(self, properties: spec.BasicProperties) -> None:
        """Note that no queue took a message: the broker says so before it confirms it."""
        self._returned.add(properties.message_id or "")

    def told(self, frame: Any) -> None:
        """Settle what a confirmation, or its opposite, is about."""
        word = frame.method
        last = word.delivery_tag
        numbers = [one for one in self._waiting if one <= last] if word.multiple else [last]
        for number in numbers:
            self._settle(self._waiting.pop(number), taken=isinstance(word, spec.Basic.Ack))

    def _settle(self, sent: _Sent, *, taken: bool) -> None:
        unroutable = sent.message in self._returned
        self._returned.discard(sent.message)
        if sent.future.done():
            return
        if unroutable:
            sent.future.set_exception(Unroutable(sent.exchange, sent.key))
        elif taken:
            sent.future.set_result(None)
        else:
            sent.future.set_exception(Rejected())
