"""Records what came of tellings: many at once, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import attrs

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.telling import carry_out, write
from dispatch_bus.domain import handoff, mirror
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.message import Act, Receipt
from dispatch_bus.domain.notice import Notice, NoticeKind, Side, Step, unchanged
from dispatch_bus.sdk.calls import Outcome
from dispatch_bus.store.claims import Telling
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork

T = TypeVar("T")
# The word on a message that left an inbox is due by then; after that it goes out again without.
_LATEST_WORD = timedelta(seconds=60)
Returned = tuple[Telling, Outcome]


def attempted(uow: UnitOfWork, telling: Telling) -> None:
    """Note that a telling is about to be handed over."""
    note(uow, telling, EntryKind.DELIVERY_ATTEMPTED, attempt=telling.attempts)


def record(
    bus: Bus,
    uow: UnitOfWork,
    returned: Sequence[Returned],
    then: Callable[[], None] = lambda: None,
) -> None:
    """Record what came of tellings, all of them under the locks of their incidents.

    What ``then`` foresees is asked at once with the locks, where only the rows of these tellings
    are written, and in the end where others are.
    """
    _foresee(uow, returned)
    is_simple = all(_has_arrived(outcome) and not _is_heard(one) for one, outcome in returned)
    if is_simple:
        then()
    receipts = _of(returned, Receipt)
    if arrived := [one for one in receipts if _has_arrived(one[1])]:
        _delivered(bus, uow, arrived)
    if posted := [one for one in receipts if not _has_arrived(one[1])]:
        _posted(uow, posted)
    if refusals := _of(returned, Refused):
        _give_up(uow, refusals)
    if failures := _of(returned, Retry):
        _put_off(bus, uow, [telling for telling, _ in failures])
    if not is_simple:
        then()


def _foresee(uow: UnitOfWork, returned: Sequence[Returned]) -> None:
    """Lock with the next question what tellings were about, and settle those that arrived."""
    if returned:
        uow.claims.lock_incidents(telling for telling, _ in returned)
    if arrived := [telling for telling, outcome in returned if _has_arrived(outcome)]:
        uow.claims.settle(arrived)
        uow.notices.foresee_some({telling.message.notice for telling in arrived})


def received(bus: Bus, uow: UnitOfWork, telling: Telling, receipt: Receipt) -> None:
    """Record a receipt that a room gave later, for a telling that waited in its inbox."""
    record(bus, uow, [(telling, receipt)])


def backoff_s(bus: Bus, attempts: int) -> float:
    """Return the seconds to wait after so many attempts: doubling, bounded, with jitter."""
    limits = bus.limits
    doubled = limits.retry_first_s * 2.0 ** min(attempts - 1, 20)
    return float(min(doubled, limits.retry_most_s) * (0.5 + bus.jitter() / 2))


def _is_heard(telling: Telling) -> bool:
    """Tell whether the owner has heard that a handoff is accepted: then the part moves."""
    return telling.message.side is Side.OWNER and telling.message.act is Act.ACCEPTED


def _has_arrived(outcome: Outcome) -> bool:
    return isinstance(outcome, Receipt) and outcome.waits_s is None


def _of(returned: Sequence[Returned], kind: type[T]) -> list[tuple[Telling, T]]:
    return [(telling, outcome) for telling, outcome in returned if isinstance(outcome, kind)]


def _delivered(bus: Bus, uow: UnitOfWork, receipts: Sequence[tuple[Telling, Receipt]]) -> None:
    news = uow.claims.news()
    notices = uow.notices.some({telling.message.notice for telling, _ in receipts})
    for telling, receipt in receipts:
        if telling.row in news:
            notice = notices[telling.message.notice]
            # Both sides of a notice may have been told at once: the second goes on from the first.
            notices[notice.id] = _arrived(bus, uow, telling, receipt, notice)


def _arrived(
    bus: Bus, uow: UnitOfWork, telling: Telling, receipt: Receipt, notice: Notice
) -> Notice:
    facts = {"reference": receipt.reference, "received_at": receipt.received.isoformat()}
    note(uow, telling, EntryKind.DELIVERY_MADE, **facts)
    step = _step(uow, notice, telling)
    if step.tell:
        carry_out(bus, uow, uow.incidents.lock(notice.incident), step)
    elif step.happened:
        write(uow, _about(telling), step)
    return step.notice


def _step(uow: UnitOfWork, notice: Notice, telling: Telling) -> Step:
    if telling.message.side is Side.RECEIVER:
        arrived = mirror.delivered if notice.kind is NoticeKind.MIRROR else handoff.delivered
        return arrived(notice, uow.now)
    # Only now has the owner received the acceptance, and only now does the part move.
    return handoff.heard(notice, uow.now) if _is_heard(telling) else unchanged(notice)


def _posted(uow: UnitOfWork, receipts: Sequence[tuple[Telling, Receipt]]) -> None:
    """Note that tellings wait in their room's inbox; they are due again when they left it."""
    waits = (timedelta(seconds=receipt.waits_s or 0.0) for _, receipt in receipts)
    untils = [uow.now + wait + _LATEST_WORD for wait in waits]
    put_off = uow.claims.put_off([telling for telling, _ in receipts], untils)
    for telling, receipt in receipts:
        if telling.row in put_off:
            facts = {"reference": receipt.reference, "waits_s": receipt.waits_s}
            note(uow, telling, EntryKind.DELIVERY_POSTED, **facts)


def _put_off(bus: Bus, uow: UnitOfWork, tellings: Sequence[Telling]) -> None:
    waits = (timedelta(seconds=backoff_s(bus, telling.attempts)) for telling in tellings)
    put_off = uow.claims.put_off(tellings, [uow.now + wait for wait in waits])
    for telling in tellings:
        if telling.row in put_off:
            note(uow, telling, EntryKind.DELIVERY_FAILED, attempt=telling.attempts)


def _give_up(uow: UnitOfWork, refusals: Sequence[tuple[Telling, Refused]]) -> None:
    given_up = uow.claims.give_up([telling for telling, _ in refusals])
    for telling, reason in refusals:
        if telling.row in given_up:
            # Neither the value nor the room's own words are kept: both may be personal.
            note(uow, telling, EntryKind.DELIVERY_UNDELIVERABLE, field=reason.field)


def note(uow: UnitOfWork, telling: Telling, kind: EntryKind, **facts: object) -> None:
    """Journal what became of a telling, with the facts that all such entries have."""
    uow.journal.append(uow.now, _about(telling), Happening(kind, _facts(telling) | facts))


def _about(telling: Telling) -> About:
    message = telling.message
    return About(
        correlation=telling.correlation,
        incident=message.incident,
        notice=message.notice,
        mode=message.mode,
    )


def _facts(telling: Telling) -> dict[str, object]:
    message = telling.message
    return {
        "room": telling.room,
        "centre": telling.centre,
        "side": message.side.value,
        "act": message.act.value,
        "message": message.id,
        "sequence": message.sequence,
        "revision": message.revision,
        "fields": sorted(_carried(telling)),
    }


def _carried(telling: Telling) -> list[str]:
    fields = attrs.asdict(telling.message.content, recurse=False)
    return [name for name, value in fields.items() if value is not None]
