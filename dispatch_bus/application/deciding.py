"""Decides incidents whose revision is ahead of their decision.

A page of a room is decided in the transaction that records it: its places are known there, and
its incidents locked. Whatever else is behind, the coordinator decides, a batch at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.telling import about_incident, carry_out, wakeup
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import Notice
from dispatch_bus.domain.reconcile import reconcile
from dispatch_bus.domain.routing import Passed, Verdict, judge
from dispatch_bus.store.filed import Filed, Reference
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)


def decide(bus: Bus) -> int:
    """Decide the next batch; return how many incidents it held."""
    try:
        return _decide_together(bus)
    except (Retry, Stop):
        raise
    except Exception:  # noqa: BLE001 - one incident that fails must not hold up the rest
        _log.warning("deciding a batch failed; each incident is decided alone", exc_info=True)
        return _decide_each(bus)


def decide_recorded(bus: Bus, uow: UnitOfWork, recorded: Iterable[tuple[Filed, Locality]]) -> None:
    """Decide incidents that this transaction has recorded, of which it knows where they are.

    One that has moved on since is left to the coordinator, which has been woken for it.
    """
    decided = [one for one in recorded if uow.incidents.is_at(one[0].id, one[0].revision)]
    for filed, locality in decided:
        _one(bus, uow, filed, locality, uow.notices.of_incidents([filed.id]).get(filed.id, []))
    uow.incidents.mark_recorded_decided((filed for filed, _ in decided), uow.now)


def leave(uow: UnitOfWork, recorded: Iterable[Filed]) -> None:
    """Leave incidents to the coordinator."""
    for filed in recorded:
        uow.wake(wakeup("decide", filed))


def _decide_together(bus: Bus) -> int:
    with bus.store.begin() as uow:
        claimed = uow.incidents.claim_undecided(bus.limits.decide_batch)
        if not claimed:
            return 0
        places = [filed.incident.report.place.position for filed in claimed]
        uow.foresee([filed.id for filed in claimed])
        known = uow.notices.of_incidents(filed.id for filed in claimed)
        for filed, locality in zip(claimed, bus.geography.locate(places), strict=True):
            _one(bus, uow, filed, locality, known.get(filed.id, []))
        uow.incidents.mark_decided(claimed, uow.now)
        return len(claimed)


def _decide_each(bus: Bus) -> int:
    with bus.store.begin() as uow:
        claimed = uow.incidents.claim_references(bus.limits.decide_batch)
        for reference in claimed:
            _alone(bus, uow, reference)
        uow.incidents.mark_decided(claimed, uow.now)
        return len(claimed)


def _one(
    bus: Bus, uow: UnitOfWork, filed: Filed, locality: Locality, known: Sequence[Notice]
) -> None:
    verdict = judge(filed.incident, locality, bus.book, uow.now)
    happening = Happening(EntryKind.INCIDENT_DECIDED, _explain(filed, locality, verdict))
    uow.journal.append(uow.now, about_incident(filed), happening)
    for step in reconcile(filed.incident, verdict, known, uow.now, bus.new_id):
        carry_out(bus, uow, filed, step)
    for alarm in verdict.alarms:
        _alarm(uow, filed, {**_passed(alarm), "reason": "no_location"})


def _alone(bus: Bus, uow: UnitOfWork, reference: Reference) -> None:
    try:
        with uow.savepoint():
            filed = uow.incidents.lock(reference.id)
            (locality,) = bus.geography.locate([filed.incident.report.place.position])
            known = uow.notices.of_incidents([filed.id])
            _one(bus, uow, filed, locality, known.get(filed.id, []))
    except (Retry, Stop):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, a person is told and the rest goes on
        _log.exception("an incident could not be decided", correlation=reference.correlation)
        _alarm(uow, reference, {"reason": "not_decided", "error": type(error).__name__})


def _alarm(uow: UnitOfWork, about: Filed | Reference, facts: dict[str, object]) -> None:
    happening = Happening(EntryKind.ALARM_RAISED, {**facts, "revision": about.revision})
    uow.journal.append(uow.now, about_incident(about), happening)


def _explain(filed: Filed, locality: Locality, verdict: Verdict) -> dict[str, object]:
    return {
        "revision": filed.revision,
        "answer": locality.answer.value,
        "reason": locality.reason,
        "zones_version": locality.version,
        "countries": [[hit.country, hit.certain] for hit in locality.countries],
        "zones": [[hit.zone, hit.side, round(hit.border_m, 1)] for hit in locality.zones],
        "wanted": [
            {
                "kind": one.kind.value,
                "discipline": one.part.discipline.value,
                "receiver": one.receiver,
                "rule": one.rule.value,
            }
            for one in verdict.wanted
        ],
        "passed": [_passed(one) for one in verdict.passed],
    }


def _passed(passed: Passed) -> dict[str, str]:
    return {
        "discipline": passed.part.discipline.value,
        "neighbour": passed.neighbour,
        "reason": passed.reason,
        "agreement": passed.agreement,
    }
