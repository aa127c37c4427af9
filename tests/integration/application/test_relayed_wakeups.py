"""What transactions leave for the relay, on its way to the broker."""

from __future__ import annotations

from making.wiring import MakeBus

from dispatch_bus.application import relaying
from dispatch_bus.store.signals import Wakeup


def test_a_wake_up_is_published_once(another_bus: MakeBus) -> None:
    """It is not there for the same relay again, nor for another one that looks meanwhile."""
    first, second = another_bus("relay-1"), another_bus("relay-2")
    left = Wakeup(kind="decide", lane="", reference="1", revision=1, correlation="c")
    with first.store.begin() as uow:
        uow.wake(left)
    published: list[Wakeup] = []
    with first.store.begin() as uow:
        uow.signals.await_wakeups()
        published.extend(uow.signals.take_wakeups(1))
        assert relaying.relay(second, published.extend) == 0
    assert relaying.relay(first, published.extend) == 0
    assert published == [left]
