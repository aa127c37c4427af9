"""Runs one service or all together in one process until it is asked to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from dispatch_bus.services.coordinator import Coordinator
from dispatch_bus.services.delivery import Delivery
from dispatch_bus.services.intake import Intake
from dispatch_bus.services.relay import Relay
from dispatch_bus.services.sealer import Sealer
from dispatch_bus.services.timekeeper import Timekeeper

ALL = (Intake, Coordinator, Delivery, Timekeeper, Sealer, Relay)
# What is under way may end; what has not by then is broken off, as a kill would do.
_GRACE_S = 25.0
# Loops and workers of a lane wait for each other; there is always a worker for every lane.
_WORKERS_BESIDE_LANES = 10


def serve(services: Iterable[type], wiring: dict[str, Any], ready: Callable[[], None]) -> None:
    """Run services until SIGTERM or SIGINT; call ``ready`` once all have started.

    Raises:
        Stop: a service met something that only an operator can mend; all have been stopped.
    """
    workers = _WORKERS_BESIDE_LANES + 2 * len(wiring["rooms"])
    runner = ServiceRunner({**wiring, "max_workers": workers})
    for service in services:
        runner.add_service(service)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn_n(_stop, runner))
    runner.start()
    ready()
    runner.wait()


def _stop(runner: ServiceRunner) -> None:
    eventlet.spawn_after(_GRACE_S, runner.kill)
    runner.stop()
