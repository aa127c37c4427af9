"""The work: who leads, what waits at each stage, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from dispatch_bus.application.doctor.finding import Finding, ok, problem, span, warning
from dispatch_bus.application.leasing import SEALING
from dispatch_bus.application.standing import Stage, Standing
from dispatch_bus.store.inspection import Lease
from dispatch_bus.store.quarantine import QuarantineState

_SLOW_S: Final = 10.0
_REMEDIES: Final = {
    "decide": "See that a coordinator is at work, and what its log says; run more of them.",
    "deliver": "See which room does not answer, below; call it. If all do, run more deliveries.",
    "seal": "See that a sealer is at work and that no transaction stays open.",
}


def leases(known: Sequence[Lease], now: datetime) -> Iterator[Finding]:
    """Look at who leads, and at leases that nobody has renewed."""
    held = [one for one in known if one.until >= now]
    for one in held:
        left = (one.until - now).total_seconds()
        yield ok("leases", f"{one.name}: {one.holder}, for {left:.1f} s unless renewed")
    if not any(one.name == SEALING for one in held):
        yield problem("leases", "nobody seals the journal", "Start one: dispatch-bus serve sealer.")


def findings(stands: Standing, stuck: int, backlog: int) -> Iterator[Finding]:
    """Look at the stages, the backlog, the quarantine and what rooms have refused."""
    yield from (_stage(one) for one in stands.stages)
    undecided = next(one.waiting for one in stands.stages if one.name == "decide")
    if undecided >= backlog:
        yield problem(
            "backlog",
            f"{undecided} incidents are undecided; intake has paused",
            "Run more coordinators; it goes on below intake.backlog_limit.",
        )
    yield from _quarantine(stands)
    if stuck:
        yield warning(
            "deliver",
            f"{stuck} tellings were refused for good by their rooms",
            "See delivery.undeliverable in the journal; mend adapter or code list, restart.",
        )


def _stage(stage: Stage) -> Finding:
    topic = f"stage {stage.name}"
    what = f"{stage.waiting} waiting, the oldest for {span(stage.oldest_s)}"
    if stage.oldest_s > _SLOW_S:
        return warning(topic, what, _REMEDIES[stage.name])
    return ok(topic, what)


def _quarantine(stands: Standing) -> Iterator[Finding]:
    waiting = stands.quarantine.get(QuarantineState.WAITING, 0)
    if waiting:
        yield warning(
            "quarantine",
            f"{waiting} records wait for a person",
            "dispatch-bus quarantine list --state waiting",
        )
    else:
        yield ok("quarantine", "no record waits")
