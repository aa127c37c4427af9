"""Messages that are no wake-ups: they stay with the broker until the store has taken them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from dispatch_bus.application.foreign import Foreign
from dispatch_bus.domain.errors import Refused, Stop
from dispatch_bus.observability.metrics import MALFORMED_WAKEUPS

_log = structlog.get_logger(__name__)
_AFTER_ERROR_S = 1.0


class Shelf:
    """Holds what is to be quarantined by ``keep``; settled with the broker once that has worked.

    The broker hands out no more than a prefetch of unsettled messages, which is ``most``.
    """

    def __init__(self, keep: Callable[[Sequence[Foreign]], object], most: int) -> None:
        self._keep = keep
        self._most = most
        self._held: list[tuple[Any, Foreign]] = []
        self._due = 0.0

    @property
    def has_room(self) -> bool:
        """Whether it holds some, and could hold more."""
        return 0 < len(self._held) < self._most

    def put(self, message: Any, reason: Refused) -> None:
        """Hold a message of kombu's until it is quarantined."""
        MALFORMED_WAKEUPS.inc()
        self._held.append((message, _foreign(message, reason)))

    def settle(self) -> None:
        """Quarantine what is held and settle it with the broker, or try again a second later.

        Raises:
            Stop: the store needs an operator.
        """
        if not self._held or time.monotonic() < self._due:
            return
        try:
            self._keep([foreign for _, foreign in self._held])
        except Stop:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing may be lost or looped
            _log.warning("foreign messages wait for the store", reason=str(error))
            self._due = time.monotonic() + _AFTER_ERROR_S
            return
        for message, _ in self._held:
            message.ack()
        self.clear()

    def clear(self) -> None:
        """Forget what is held: its connection is gone, and the broker hands it out again."""
        self._held.clear()


def _foreign(message: Any, reason: Refused) -> Foreign:
    body = message.body
    return Foreign(
        queue=str(message.delivery_info.get("routing_key", "")),
        raw=body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body),
        reason=reason,
    )
