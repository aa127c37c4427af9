"""The processes of the bus: whether one of each kind is there, alive, and of the same version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from dispatch_bus.application.announcing import ALL_SERVICES, is_stale
from dispatch_bus.application.doctor.finding import Finding, ok, problem, span, warning
from dispatch_bus.store.processes import Process

_TOPIC: Final = "processes"
SERVICES: Final = ("intake", "coordinator", "delivery", "timekeeper", "sealer", "relay")
_CLOCK_S: Final = 1.0


def findings(known: Sequence[Process], now: datetime) -> Iterator[Finding]:
    """Look at what the processes say of themselves."""
    alive = [one for one in known if not is_stale(one, now)]
    names = sorted({one.service for one in alive})
    yield ok(_TOPIC, f"{len(alive)} at work: {', '.join(names) or 'none'}")
    yield from _missing({one.service for one in alive})
    for one in known:
        if is_stale(one, now):
            yield warning(
                _TOPIC,
                f"{_name(one)} is silent for {span((now - one.seen_at).total_seconds())}",
                "It is dead or frozen: look at its log and start it anew.",
            )
    yield from _mixed("version", {one.version for one in alive})
    yield from _mixed("zones", {one.zones for one in alive})
    yield from _clocks(alive)


def _missing(services: set[str]) -> Iterator[Finding]:
    wanted = {"gateway"} if ALL_SERVICES in services else {"gateway", *SERVICES}
    for name in sorted(wanted - services):
        yield problem(
            _TOPIC, f"no {name} is at work", f"Start one: dispatch-bus serve {name} (or up)."
        )


def _mixed(what: str, found: set[str]) -> Iterator[Finding]:
    if len(found) > 1:
        yield warning(
            _TOPIC,
            f"the processes differ in their {what}: {', '.join(sorted(found))}",
            "Fine during an upgrade: finish it, so that all decide alike.",
        )


def _clocks(alive: Iterable[Process]) -> Iterator[Finding]:
    for one in alive:
        if abs(one.clock_ahead_s) > _CLOCK_S:
            yield warning(
                "clock",
                f"the clock of {one.host} is {one.clock_ahead_s:+.1f} s from the database's",
                "Synchronise both with the same time servers (chrony, NTP).",
            )


def _name(one: Process) -> str:
    return f"{one.service} on {one.host} (process {one.pid})"
