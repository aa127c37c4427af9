"""Whether the bus does its work, asked of the store that every process writes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from attrs import frozen

from dispatch_bus.application.announcing import is_stale, versions
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.leasing import SEALING
from dispatch_bus.application.rooms import Reading, views
from dispatch_bus.domain.errors import DispatchBusError, Retry, Stop
from dispatch_bus.journal.entry import glimpse
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)


class Condition(StrEnum):
    """How one thing is: ``degraded`` needs a person's eye, ``failed`` means work stands still."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@frozen(kw_only=True)
class Check:
    """One thing that was looked at, with its figures."""

    name: str
    condition: Condition
    facts: dict[str, Any]


@frozen(kw_only=True)
class Health:
    """What was found; ``at`` is the database's clock, or none when it did not answer."""

    at: datetime | None
    checks: tuple[Check, ...]

    @property
    def condition(self) -> Condition:
        """The worst of all checks."""
        found = {check.condition for check in self.checks}
        return next(one for one in reversed(Condition) if one in found)


def health(bus: Bus) -> Health:
    """Look at the store, the sealer, the backlog, the rooms and the processes."""
    try:
        with bus.store.begin() as uow:
            return Health(at=uow.now, checks=tuple(_checks(bus, uow)))
    except DispatchBusError as error:
        _log.warning("nobody can be told how the bus does", reason=str(error))
        return silent(_reason(error))


def silent(reason: str = "does not answer") -> Health:
    """Return what is known without the store: nothing but why."""
    store = Check(name="store", condition=Condition.FAILED, facts={"error": reason})
    return Health(at=None, checks=(store,))


def _reason(error: DispatchBusError) -> str:
    """Say it in words that anybody may read: its own may name host, account and database."""
    match error:
        case Retry():
            return "does not answer"
        case Stop():
            return "needs an operator"
    return "holds what cannot be read"


def _checks(bus: Bus, uow: UnitOfWork) -> Iterator[Check]:
    yield Check(name="store", condition=Condition.OK, facts={})
    yield _journal(uow)
    yield _backlog(bus, uow)
    yield _rooms(bus, uow)
    yield _processes(uow)


def _journal(uow: UnitOfWork) -> Check:
    """Quiet is no failure, so the age of the last entry is told but not judged."""
    last = uow.journal.last()
    age = (uow.now - glimpse(last.entry, last.schema_version).at).total_seconds() if last else None
    return Check(
        name="journal",
        condition=Condition.OK if SEALING in uow.signals.held(uow.now) else Condition.FAILED,
        facts={
            "entries": last.number if last else 0,
            "last_entry_age_s": age,
            "unsealed": uow.journal.waiting(),
        },
    )


def _backlog(bus: Bus, uow: UnitOfWork) -> Check:
    undecided = uow.incidents.undecided()
    full = undecided >= bus.limits.backlog
    return Check(
        name="backlog",
        condition=Condition.FAILED if full else Condition.OK,
        facts={"undecided": undecided, "limit": bus.limits.backlog},
    )


def _rooms(bus: Bus, uow: UnitOfWork) -> Check:
    reading = {one.id: one.reading for one in views(bus, uow)}
    return Check(name="rooms", condition=_worst(set(reading.values())), facts=dict(reading))


def _processes(uow: UnitOfWork) -> Check:
    """Several versions, of the bus or of its zones, are for the time of an upgrade alone."""
    known = [one for one in uow.processes.all() if not is_stale(one, uow.now)]
    found, zones = versions(known), Counter(one.zones for one in known)
    return Check(
        name="processes",
        condition=Condition.DEGRADED if len(found) > 1 or len(zones) > 1 else Condition.OK,
        facts={
            "services": dict(Counter(one.service for one in known)),
            "versions": found,
            "zones": dict(zones),
        },
    )


def _worst(found: set[Reading]) -> Condition:
    if Reading.UNREAD in found:
        return Condition.FAILED
    return Condition.DEGRADED if Reading.UNREACHABLE in found else Condition.OK
