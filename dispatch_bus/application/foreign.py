"""Keeps messages of the broker that are no wake-ups, so that somebody can see who sends them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.quarantining import BROKER, Origin, quarantine
from dispatch_bus.domain.errors import Refused
from dispatch_bus.store.unit import UnitOfWork

_DIGITS = 16


@frozen(kw_only=True)
class Foreign:
    """A message, the routing key that it came under, and why it is no wake-up."""

    queue: str
    raw: bytes
    reason: Refused


def quarantine_foreign(bus: Bus, messages: Sequence[Foreign]) -> None:
    """Quarantine messages, all or none; one whose bytes are kept already is noted as repeated.

    The broker hands a message out again where a node or a connection broke, and does not always
    say so: two that are the same cannot be told from one that came twice.

    Raises:
        Retry: the database did not answer, and whether they are kept is not known.
    """
    named = sorted(((_name(message), message) for message in messages), key=lambda one: one[0])
    with bus.store.begin() as uow:
        for name, message in named:
            _quarantine(bus, uow, name, message)


def _name(message: Foreign) -> str:
    return f"{message.queue}/{sha256(message.raw).hexdigest()[:_DIGITS]}"


def _quarantine(bus: Bus, uow: UnitOfWork, name: str, message: Foreign) -> None:
    # Two processes may be handed one message at the same time, where a connection broke.
    uow.quarantine.lock_name(BROKER, name)
    origin = Origin(room=BROKER, record=name, correlation=f"{BROKER}:{name}")
    quarantine(bus, uow, origin, message.raw, message.reason)
