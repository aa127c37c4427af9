"""Gives what is stored the key of its day: nothing is stored that cannot be protected."""

from __future__ import annotations

import structlog

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.store.keys import WrappedKey
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
_AGAIN_S = 5.0


class NoKey(Retry):
    """The key of today was erased or lost, which a person has to mend."""


def new_key(bus: Bus, uow: UnitOfWork) -> WrappedKey:
    """Return a new data key under the key of today, by the database's clock.

    Raises:
        NoKey: no record is to blame for it, and pages that need no key are stored meanwhile.
        Stop: it cannot be read or written.
    """
    today = uow.now.date()
    try:
        return bus.store.keys.new_incident_key(today)
    except Refused as reason:
        _log.error(
            "no case can be stored: today's key is not to be had",
            day=today.isoformat(),
            reason=str(reason),
            remedy="See Keys in docs/operator.md. Is the database's clock right?",
        )
        what = f"The key of {today.isoformat()} was erased or lost: no case can be stored"
        raise NoKey(what, _AGAIN_S) from reason
