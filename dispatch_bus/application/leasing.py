"""Leases: who reads a room and who seals, on the database's clock.

They are short, so that a holder that dies or freezes is replaced within seconds, and renewed while
their holder works. What a holder that lost one still does is refused by what it works on: a
room's cursor, an entry's number.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dispatch_bus.application.bus import Bus

SEALING: Final = "seal"
"""The lease of whoever seals the journal."""


def reading(room: str) -> str:
    """Return the name of the lease that whoever reads a room renews with each pull."""
    return f"pull/{room}"


def renew(bus: Bus) -> int:
    """Prolong what this process holds, and take nothing that has run out; return 0.

    Raises:
        Retry: the database did not answer.
    """
    with bus.store.begin() as uow:
        uow.signals.renew(bus.holder, uow.now, timedelta(seconds=bus.limits.lease_s))
    return 0


def release(bus: Bus) -> None:
    """Give back what this process holds, so that the next one need not wait for its end.

    Raises:
        Retry: the database did not answer; the leases run out by themselves.
    """
    with bus.store.begin() as uow:
        uow.signals.release(bus.holder)
