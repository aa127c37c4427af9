"""Acts on time that has passed, by the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.telling import about_notice, carry_out
from dispatch_bus.domain import handoff
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import Notice, NoticeKind, NoticeState, Side
from dispatch_bus.domain.reconcile import end
from dispatch_bus.domain.routing import Rule
from dispatch_bus.store.deliveries import Overdue
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.journal import About
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
_BATCH = 100
_LEAVABLE = handoff.UNDECIDED | {NoticeState.TRANSFERRED}


def keep_time(bus: Bus) -> int:
    """Expire offers, close what was left behind, alarm what is overdue; return how many."""
    return expire_offers(bus) + close_left(bus) + alarm_overdue(bus)


def expire_offers(bus: Bus) -> int:
    """End every offer whose answer time has passed and alarm both supervisors."""
    with bus.store.begin() as uow:
        late = uow.notices.past_deadline(uow.now, _BATCH)
    return _each(late, lambda notice: _expire(bus, notice.id, notice.incident))


def _expire(bus: Bus, notice_id: UUID, incident: UUID) -> None:
    with bus.store.begin() as uow:
        filed = uow.incidents.lock(incident)
        notice = uow.notices.get(notice_id)
        if notice.deadline is None or notice.deadline > uow.now:
            return
        carry_out(bus, uow, filed, handoff.expired(notice, uow.now))
        facts = {"reason": "offer_expired", **_phones(bus, notice)}
        happening = Happening(EntryKind.ALARM_RAISED, facts)
        uow.journal.append(uow.now, about_notice(filed, notice), happening)


def close_left(bus: Bus) -> int:
    """Close notices whose incident has been off their ground for long enough."""
    hold = timedelta(seconds=bus.limits.leave_hold_s)
    with bus.store.begin() as uow:
        left = uow.notices.left_since(uow.now - hold, _LEAVABLE, _BATCH)
    return _each(left, lambda notice: _close(bus, notice.id, notice.incident, hold))


def _each(notices: Iterable[Notice], act: Callable[[Notice], None]) -> int:
    """Act on each notice alone, so that one that fails does not keep the rest waiting."""
    done = 0
    for notice in notices:
        try:
            act(notice)
            done += 1
        except (Retry, Stop):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the rest is not kept waiting
            _log.exception("a notice's time could not be kept", notice=str(notice.id))
    return done


def _leavable(notice: Notice) -> bool:
    return notice.kind is NoticeKind.MIRROR or notice.state in _LEAVABLE


def _close(bus: Bus, notice_id: UUID, incident: UUID, hold: timedelta) -> None:
    with bus.store.begin() as uow:
        filed = uow.incidents.lock(incident)
        notice = uow.notices.get(notice_id)
        left = notice.leaving_since
        if left is not None and left + hold <= uow.now and _leavable(notice):
            carry_out(bus, uow, filed, end(notice, uow.now, Rule.OUT_OF_ZONE))


def alarm_overdue(bus: Bus) -> int:
    """Say of each telling that has not arrived in time: NOT DELIVERED, call this number."""
    with bus.store.begin() as uow:
        since = uow.now - timedelta(seconds=bus.limits.overdue_s)
        late = uow.deliveries.overdue(since, _BATCH)
        if late:
            _alarm_all(bus, uow, late)
            uow.deliveries.mark_alarmed(late)
        return len(late)


def _alarm_all(bus: Bus, uow: UnitOfWork, late: Sequence[Overdue]) -> None:
    """Raise all alarms at once, or each alone where the rows of one cannot be read."""
    try:
        with uow.savepoint():
            filed = uow.incidents.some({one.incident for one in late})
            notices = uow.notices.some({one.notice for one in late})
            for one in late:
                _alarm(bus, uow, one, filed[one.incident], notices[one.notice])
    except (Retry, Stop):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the other alarms are not silenced
        _log.warning("overdue tellings are told one by one", reason=type(error).__name__)
        for one in late:
            _alarm_alone(bus, uow, one)


def _alarm_alone(bus: Bus, uow: UnitOfWork, overdue: Overdue) -> None:
    """Raise one alarm; where its rows cannot be read, one with what the delivery knows."""
    try:
        with uow.savepoint():
            filed = uow.incidents.some([overdue.incident])[overdue.incident]
            _alarm(bus, uow, overdue, filed, uow.notices.get(overdue.notice))
    except (Retry, Stop):
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the other alarms are not silenced
        _log.exception("an overdue telling could not be described", notice=str(overdue.notice))
        facts = {"reason": "not_delivered", "centre": overdue.centre}
        about = About(correlation="overdue", incident=overdue.incident, notice=overdue.notice)
        uow.journal.append(uow.now, about, Happening(EntryKind.ALARM_RAISED, facts))


def _alarm(bus: Bus, uow: UnitOfWork, overdue: Overdue, filed: Filed, notice: Notice) -> None:
    facts = {
        "centre": overdue.centre,
        "side": overdue.side.value,
        "sequence": overdue.sequence,
        "told_at": overdue.told_at.isoformat(),
        "second_channel": _second_channel(bus, overdue.centre),
        **_phones(bus, notice),
    }
    happening = Happening(EntryKind.DELIVERY_OVERDUE, facts)
    uow.journal.append(uow.now, about_notice(filed, notice), happening)


def _phones(bus: Bus, notice: Notice) -> dict[str, str | None]:
    return {f"{side.value}_phone": _phone(bus, notice.centre_at(side)) for side in Side}


def _phone(bus: Bus, name: str) -> str | None:
    # A centre may have left the book since; the alarm is raised all the same.
    centre = bus.book.centres.get(name)
    return centre.phone if centre else None


def _second_channel(bus: Bus, name: str) -> str | None:
    centre = bus.book.centres.get(name)
    return centre.second_channel.value if centre else None
