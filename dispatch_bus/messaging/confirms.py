"""What a broker says of the messages that it was given: taken, refused, or sent back."""

from __future__ import annotations

from typing import Any

from dispatch_bus.domain.errors import Retry


class Confirms:
    """Follows one channel of py-amqp, from when it is made; one wait settles a whole batch."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._last = 0
        self._open: set[int] = set()
        self._refused = 0
        self._returned: list[str] = []
        channel.confirm_select()
        channel.events["basic_ack"].add(self._settled)
        channel.events["basic_nack"].add(self._nacked)
        channel.events["basic_return"].add(self._sent_back)

    def expect(self) -> None:
        """Note that one more message is sent."""
        self._last += 1
        self._open.add(self._last)

    def wait(self) -> None:
        """Wait until everything sent has been settled; whoever calls bounds the time.

        Raises:
            Retry: the broker refused some, or had no queue for them.
        """
        while self._open:
            self._channel.connection.drain_events()
        refused, self._refused = self._refused, 0
        returned, self._returned = self._returned, []
        if returned:
            what = f"The broker has no queue for {len(returned)} wake-ups ({returned[0]})"
            raise Retry(f"{what}; declare them: dispatch-bus broker setup")
        if refused:
            raise Retry(f"The broker refused {refused} wake-ups")

    def _settled(self, tag: int, multiple: bool) -> int:
        settled = {one for one in self._open if one <= tag} if multiple else self._open & {tag}
        self._open -= settled
        return len(settled)

    def _nacked(self, tag: int, multiple: bool) -> None:
        self._refused += self._settled(tag, multiple)

    def _sent_back(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        self._returned.append(f"{exchange}, {routing_key}: {error.reply_text}")
