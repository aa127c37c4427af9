"""Has a process of the bus say that it is at work, and look for new zones, every few seconds."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from threading import Event, Thread

import structlog

from dispatch_bus.application.announcing import EVERY_S, Identity, announce, leave
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import DispatchBusError

_log = structlog.get_logger(__name__)


@contextmanager
def announced(bus: Bus, service: str) -> Iterator[None]:
    """Announce this process as ``service`` while the block runs, and look for published zones.

    It never stands in the way of the work: what fails is tried again after a few seconds.
    """
    me = Identity(
        service=service, host=socket.gethostname(), pid=os.getpid(), version=version("dispatch-bus")
    )
    end = Event()
    beat = Thread(target=_beat, args=(bus, me, end), name="heartbeat", daemon=True)
    beat.start()
    try:
        yield
    finally:
        end.set()
        with suppress(DispatchBusError):
            leave(bus)


def _beat(bus: Bus, me: Identity, end: Event) -> None:
    started: datetime | None = None
    while not end.is_set():
        with _tried("announcing"):
            started = announce(bus, me, started)
        with _tried("looking for published zones"):
            bus.geography.renew()
        end.wait(EVERY_S)


@contextmanager
def _tried(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the next beat tries again
        _log.debug("a beat of this process failed", what=what, reason=str(error))
