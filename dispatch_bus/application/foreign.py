"""Keeps messages of the broker that are no wake-ups, so that somebody can see who sends them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.quarantining import BROKER, Origin, keep, quarantine
from dispatch_bus.domain.errors import Refused
from dispatch_bus.store.unit import UnitOfWork

_DIGITS = 16


@frozen(kw_only=True)
class Foreign:
    """A message, the routing key that it came under, and why it is no wake-up.

    ``came_before`` says that the broker has handed it out before.
    """

    queue: str
    raw: bytes
    came_before: bool
    reason: Refused


def quarantine_foreign(bus: Bus, messages: Sequence[Foreign]) -> None:
    """Quarantine messages, all or none; one that came before and is kept is noted as repeated.

    Raises:
        Retry: the database did not answer, and whether they are kept is not known.
    """
    with bus.store.begin() as uow:
        for message in messages:
            _quarantine(bus, uow, message)


def _quarantine(bus: Bus, uow: UnitOfWork, message: Foreign) -> None:
    name = f"{message.queue}/{sha256(message.raw).hexdigest()[:_DIGITS]}"
    origin = Origin(room=BROKER, record=name, correlation=f"{BROKER}:{name}")
    # The same bytes in two messages are two messages; in one that comes again, one.
    take = quarantine if message.came_before else keep
    take(bus, uow, origin, message.raw, message.reason)
