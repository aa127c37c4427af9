"""What a run of bad days has to show, each aim beside what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

_BLOCKED_S = 5.0
_FIRST_DELIVERY_S = 10.0
_DRAIN_PER_S = 500.0
NOT_MEASURED = "not measured"


@attrs.frozen(kw_only=True)
class Aim:
    """Something to be shown: what is wanted of it, what there was, and whether that is enough.

    ``is_truth`` tells what must never fail from what a slow machine may miss.
    """

    what: str
    wanted: str
    got: str
    is_met: bool
    is_truth: bool


def aims(figures: Mapping[str, Any]) -> Iterator[Aim]:
    """Yield every aim that a report's figures say something about."""
    yield _at_least("faults", figures["faults"], figures["faults_asked"])
    yield _at_least("records sent", figures["events"], figures["events_asked"])
    for name in ("lost", "duplicated", "refused", "unexpected"):
        yield _truth(name, "0", len(figures[name]), not figures[name])
    verified = figures["journal"]["verified"]
    yield _truth("journal", "verified", "verified" if verified else "NOT verified", verified)
    is_drained = figures["drained_s"] is not None
    yield _truth("all done in the end", "yes", "yes" if is_drained else "no", is_drained)
    quarantined, malformed = figures["malformed_quarantined"], figures["malformed"]
    enough = quarantined >= malformed
    yield _truth("malformed messages quarantined", f"{malformed:,}", f"{quarantined:,}", enough)
    blocked_s = figures["longest_blocked_s_broker_frozen"]
    yield _within("longest blocked, broker frozen", blocked_s, _BLOCKED_S)
    first_s = figures["recovery_s_broker_killed"]["p95"]
    yield _within("first delivery, broker killed (p95)", first_s, _FIRST_DELIVERY_S)
    if figures["backlog"]:
        yield from _of_backlog(figures["backlog"])


def _of_backlog(figures: Mapping[str, Any]) -> Iterator[Aim]:
    for name in ("overtaken", "backwards"):
        yield _truth(f"backlog: {name}", "0", figures[name], figures[name] == 0)
    per_s = figures["per_s"]
    yield Aim(
        what=f"backlog of {figures['tellings']:,} drains",
        wanted=f"at {_DRAIN_PER_S:g}/s",
        got=f"{per_s:g}/s",
        is_met=per_s >= _DRAIN_PER_S,
        is_truth=False,
    )


def _truth(what: str, wanted: str, got: object, is_met: bool) -> Aim:
    return Aim(what=what, wanted=wanted, got=str(got), is_met=is_met, is_truth=True)


def _at_least(what: str, got: int, wanted: int) -> Aim:
    met = got >= wanted
    return Aim(what=what, wanted=f"{wanted:,}", got=f"{got:,}", is_met=met, is_truth=False)


def _within(what: str, seconds: float | None, most_s: float) -> Aim:
    got = NOT_MEASURED if seconds is None else f"{seconds:.1f} s"
    # What nothing was measured of is not missed: another seed has it.
    is_met = seconds is None or seconds <= most_s
    return Aim(what=what, wanted=f"at most {most_s:g} s", got=got, is_met=is_met, is_truth=False)
