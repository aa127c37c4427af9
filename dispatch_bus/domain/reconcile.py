"""From what should stand open to the steps that get there, and no step more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import attrs

from dispatch_bus.domain import handoff, mirror
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.incident import Incident
from dispatch_bus.domain.notice import Notice, NoticeKind, NoticeState, Step
from dispatch_bus.domain.routing import Rule, Verdict, Wanted

_Key = tuple[NoticeKind, str, str]


def reconcile(
    incident: Incident,
    verdict: Verdict,
    known: Iterable[Notice],
    at: datetime,
    new_id: Callable[[], UUID],
) -> Iterator[Step]:
    """Yield the steps from the notices ``known`` for the incident to those the verdict wants.

    What a former owner opened ends, so that a part has one owner in every notice. A handoff that
    has ended is not proposed again by the same owner: a person has answered or let it pass. One
    that is accepted waits until its owner has heard so, whatever else changes; one that has moved
    the part stays for as long as its receiver has it, and carries what the former owner reports.
    """
    owners = {part.discipline: part.owner for part in incident.parts}
    standing: dict[_Key, Notice] = {}
    for notice in known:
        if _overtaken(notice, owners):
            yield end(notice, at, Rule.PART_MOVED)
        elif _stands(notice, owners):
            standing[_key(notice)] = notice
    wanted = {_key_of(one): one for one in verdict.wanted}
    for key, one in wanted.items():
        if key not in standing:
            yield from _open(incident, one, at, new_id)
    for key, notice in standing.items():
        if notice.is_open:
            stays = _holds(notice, owners) if _moved(notice) else key in wanted
            yield from _changed(notice, _keep(incident, notice, stays, at))


def _overtaken(notice: Notice, owners: Mapping[Discipline, str]) -> bool:
    moving = notice.state in (NoticeState.ACCEPTED, NoticeState.TRANSFERRED)
    return notice.is_open and not moving and notice.owner != owners[notice.discipline]


def _stands(notice: Notice, owners: Mapping[Discipline, str]) -> bool:
    answered = notice.kind is NoticeKind.HANDOFF and notice.owner == owners[notice.discipline]
    return notice.is_open or answered


def _moved(notice: Notice) -> bool:
    return notice.state is NoticeState.TRANSFERRED


def _holds(notice: Notice, owners: Mapping[Discipline, str]) -> bool:
    return notice.receiver == owners[notice.discipline]


def _key(notice: Notice) -> _Key:
    return notice.kind, notice.discipline, notice.receiver


def _key_of(wanted: Wanted) -> _Key:
    return wanted.kind, wanted.part.discipline, wanted.receiver


def _open(
    incident: Incident, wanted: Wanted, at: datetime, new_id: Callable[[], UUID]
) -> Iterator[Step]:
    is_mirror = wanted.kind is NoticeKind.MIRROR
    notice = Notice(
        id=new_id(),
        kind=wanted.kind,
        incident=incident.id,
        discipline=wanted.part.discipline,
        mode=incident.report.mode,
        owner=wanted.part.owner,
        receiver=wanted.receiver,
        state=NoticeState.OPENED if is_mirror else NoticeState.PROPOSED,
        revision=incident.revision,
        rule=wanted.rule.value,
        agreement=wanted.agreement.id,
        opened_at=at,
    )
    yield (mirror.opened if is_mirror else handoff.proposed)(notice, wanted.facts)
    if not is_mirror and wanted.agreement.offers_automatically:
        yield handoff.offered(notice, at, wanted.agreement.answer_s, "agreement")


def _keep(incident: Incident, notice: Notice, wanted: bool, at: datetime) -> Iterator[Step]:
    if notice.state is NoticeState.ACCEPTED:
        return
    if incident.is_open:
        yield _update(_leaving(notice, wanted, at), incident.revision)
    else:
        yield end(notice, at, Rule.INCIDENT_CLOSED)


def _changed(notice: Notice, steps: Iterable[Step]) -> Iterator[Step]:
    """Leave out what would write the notice again as it is."""
    return (step for step in steps if step.notice != notice)


def end(notice: Notice, at: datetime, reason: Rule) -> Step:
    """Close a notice of either kind for the rule that no longer holds it open."""
    ended = mirror.closed if notice.kind is NoticeKind.MIRROR else handoff.closed
    return ended(notice, at, reason.value)


def _update(notice: Notice, revision: int) -> Step:
    newer = mirror.updated if notice.kind is NoticeKind.MIRROR else handoff.updated
    return newer(notice, revision)


def _leaving(notice: Notice, wanted: bool, at: datetime) -> Notice:
    """Start or stop the clock after which an unwanted notice closes (hysteresis)."""
    since = None if wanted else notice.leaving_since or at
    return attrs.evolve(notice, leaving_since=since)
