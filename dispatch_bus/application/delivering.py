"""Delivers tellings: claim and commit, call with no transaction open, record and commit."""

from __future__ import annotations

from datetime import timedelta

import attrs

from dispatch_bus.application.bus import Bus, Gate
from dispatch_bus.application.telling import carry_out
from dispatch_bus.domain import handoff, mirror
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.message import Act, Receipt
from dispatch_bus.domain.notice import Notice, NoticeKind, Side, Step, unchanged
from dispatch_bus.store.deliveries import Telling
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork


def claim(bus: Bus, room: str) -> Telling | None:
    """Claim the next telling for a room; its attempt is journalled before it is made."""
    with bus.store.begin() as uow:
        telling = uow.deliveries.claim(room, uow.now, bus.limits.claim)
        if telling:
            facts = _facts(telling) | {"attempt": telling.attempts}
            happening = Happening(EntryKind.DELIVERY_ATTEMPTED, facts)
            uow.journal.append(uow.now, _about(telling), happening)
        return telling


def deliver(bus: Bus, room: str, gate: Gate) -> int:
    """Deliver the next telling to a room; return 1 if there was one, or 0.

    One at a time: a call can take as long as a claim, and the journal says of no telling that it
    was attempted while it waited for another.

    Raises:
        Retry: the room does not answer.
    """
    telling = claim(bus, room)
    if telling is None:
        return 0
    hand_over(bus, telling, gate)
    return 1


def release(bus: Bus) -> int:
    """Let what rooms have refused for good be due once more; return how many tellings.

    Done when the bus starts: an adapter or a code list may have been mended since.
    """
    with bus.store.begin() as uow:
        return uow.deliveries.release(uow.now)


def hand_over(bus: Bus, telling: Telling, gate: Gate) -> None:
    """Hand one claimed telling to its room and record the outcome.

    Raises:
        Retry: it is not known whether the room took it; it is due again after a while.
    """
    try:
        receipt = gate.deliver(telling.message, deadline_s=bus.limits.deliver_deadline_s)
    except Refused as reason:
        _give_up(bus, telling, reason)
    except Retry:
        _put_off(bus, telling)
        raise
    else:
        _delivered(bus, telling, receipt)


def _delivered(bus: Bus, telling: Telling, receipt: Receipt) -> None:
    message = telling.message
    with bus.store.begin() as uow:
        filed = uow.incidents.lock(message.incident)
        if not uow.deliveries.settle(telling):
            return
        facts = _facts(telling) | {
            "reference": receipt.reference,
            "received_at": receipt.received.isoformat(),
        }
        uow.journal.append(uow.now, _about(telling), Happening(EntryKind.DELIVERY_MADE, facts))
        step = _step(uow, uow.notices.get(message.notice), telling)
        carry_out(bus, uow, filed, step)


def _step(uow: UnitOfWork, notice: Notice, telling: Telling) -> Step:
    if telling.message.side is Side.RECEIVER:
        arrived = mirror.delivered if notice.kind is NoticeKind.MIRROR else handoff.delivered
        return arrived(notice, uow.now)
    # Only now has the owner received the acceptance, and only now does the part move.
    heard = telling.message.act is Act.ACCEPTED
    return handoff.heard(notice, uow.now) if heard else unchanged(notice)


def _put_off(bus: Bus, telling: Telling) -> None:
    with bus.store.begin() as uow:
        until = uow.now + timedelta(seconds=backoff_s(bus, telling.attempts))
        uow.deliveries.put_off(telling, until)
        facts = _facts(telling) | {"attempt": telling.attempts}
        uow.journal.append(uow.now, _about(telling), Happening(EntryKind.DELIVERY_FAILED, facts))


def _give_up(bus: Bus, telling: Telling, reason: Refused) -> None:
    with bus.store.begin() as uow:
        if not uow.deliveries.give_up(telling):
            return
        # Neither the value nor the room's own words are kept: both may be personal.
        facts = _facts(telling) | {"field": reason.field}
        happening = Happening(EntryKind.DELIVERY_UNDELIVERABLE, facts)
        uow.journal.append(uow.now, _about(telling), happening)


def backoff_s(bus: Bus, attempts: int) -> float:
    """Return the seconds to wait after so many attempts: doubling, bounded, with jitter."""
    limits = bus.limits
    doubled = limits.retry_first_s * 2.0 ** min(attempts - 1, 20)
    return float(min(doubled, limits.retry_most_s) * (0.5 + bus.jitter() / 2))


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
