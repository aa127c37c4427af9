"""Takes wake-ups off the store for whoever publishes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dispatch_bus.application.bus import Bus
from dispatch_bus.store.signals import Wakeup

_BATCH = 500


def relay(bus: Bus, publish: Callable[[Sequence[Wakeup]], None]) -> int:
    """Wait up to half a second for what transactions leave behind, and publish it, if only nothing.

    Whoever publishes keeps a connection by that. A crash in between loses wake-ups, not work.
    """
    with bus.store.begin() as uow:
        uow.signals.await_wakeups()
        wakeups = uow.signals.take_wakeups(_BATCH)
    publish(wakeups)
    return len(wakeups)
