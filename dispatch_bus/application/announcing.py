"""Each process says that it is at work, and whoever asks sees which ones are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from attrs import frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.store.processes import Process

EVERY_S = 5.0
"""How often a process says that it is at work, in seconds."""

STALE_S = 3 * EVERY_S
"""After how many seconds of silence a process is taken to be dead or frozen."""

ALL_SERVICES = "services"
"""What a process is called that runs all of them together."""

_FORGOTTEN = timedelta(seconds=60)


@frozen(kw_only=True)
class Identity:
    """What a process is: its service, machine, number and version."""

    service: str
    host: str
    pid: int
    version: str


def announce(bus: Bus, me: Identity, started_at: datetime | None) -> datetime:
    """Say that this process is at work; return since when, by the database's clock.

    Give back at the next call what the first, with none, has returned.

    Raises:
        Retry: the database cannot be reached.
    """
    with bus.store.begin() as uow:
        ahead = datetime.now(UTC) - uow.now
        started_at = started_at or uow.now
        process = Process(
            holder=bus.holder,
            service=me.service,
            host=me.host,
            pid=me.pid,
            version=me.version,
            zones=bus.geography.version,
            clock_ahead_s=ahead.total_seconds(),
            started_at=started_at,
            seen_at=uow.now,
        )
        uow.processes.see(process)
        uow.processes.forget_unseen(uow.now - _FORGOTTEN)
        return started_at


def leave(bus: Bus) -> None:
    """Say that this process ends.

    Raises:
        Retry: the database cannot be reached.
    """
    with bus.store.begin() as uow:
        uow.processes.forget(bus.holder)


def is_stale(process: Process, now: datetime) -> bool:
    """Tell whether a process has been silent for too long."""
    return (now - process.seen_at).total_seconds() > STALE_S


def versions(processes: Iterable[Process]) -> dict[str, int]:
    """Return how many processes there are of each version of the bus."""
    return dict(sorted(Counter(one.version for one in processes).items()))
