"""Time that has passed: offers run out, what was left closes, what is overdue is said."""

from __future__ import annotations

from datetime import timedelta

import attrs
from making.values import NOON, handoff, report
from making.wiring import Desk
from making.world import ACROSS, FAR_INSIDE, IN_ZONE, agreement, book, centre

from dispatch_bus.application import timekeeping
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import NoticeKind, NoticeState


def offer(desk: Desk, number: str = "C-1", answer_s: float = 0.0) -> None:
    """Offer the part of a new incident to Belgium."""
    terms = agreement("BE", "NL", offers_automatically=True, answer_s=answer_s)
    desk.with_book(book(terms))
    desk.file(report(number, at=ACROSS))


def test_an_offer_that_runs_out_alarms_both_supervisors_with_their_phones(desk: Desk) -> None:
    """The part stays, and each side has the other's number."""
    offer(desk)
    assert timekeeping.expire_offers(desk.bus) == 1
    handoff = desk.notice(desk.filed("C-1").id, NoticeKind.HANDOFF)
    assert (handoff.state, handoff.deadline) == (NoticeState.EXPIRED, None)
    (alarm,) = desk.entries(EntryKind.ALARM_RAISED)
    assert alarm.facts["reason"] == "offer_expired"
    assert alarm.facts["owner_phone"] == "phone of NL-1"
    assert alarm.facts["receiver_phone"] == "phone of BE-1"
    assert timekeeping.expire_offers(desk.bus) == 0


def test_an_offer_to_a_centre_that_left_the_book_runs_out_like_any_other(desk: Desk) -> None:
    """The owner learns that nobody answered, and that it has to call."""
    offer(desk)
    left = {name: one for name, one in desk.bus.book.centres.items() if name != "BE-1"}
    desk.with_book(attrs.evolve(desk.bus.book, centres=left))
    assert timekeeping.expire_offers(desk.bus) == 1
    assert timekeeping.expire_offers(desk.bus) == 0
    desk.deliver("NL")
    assert desk.gates["NL"].attempts[-1].act == "expired"


def test_an_offer_in_time_is_left_alone(desk: Desk) -> None:
    """Nothing runs out before its deadline."""
    offer(desk, answer_s=600.0)
    assert timekeeping.expire_offers(desk.bus) == 0


def test_an_offer_that_cannot_be_expired_does_not_hold_up_the_rest(desk: Desk) -> None:
    """A broken row costs its own alarm and nobody else's."""
    offer(desk, "C-1")
    offer(desk, "C-2")
    with desk.bus.store.begin() as uow:
        broken = "UPDATE incident SET report = '{\"number\": 1}' WHERE number = 'C-1'"
        uow._connection.exec_driver_sql(broken)
    assert timekeeping.expire_offers(desk.bus) == 1
    assert desk.notice(desk.filed("C-2").id, NoticeKind.HANDOFF).state is NoticeState.EXPIRED


def test_what_has_not_arrived_in_time_is_said_once_with_the_phones(desk: Desk) -> None:
    """NOT DELIVERED, CALL and the number: once for each telling."""
    desk.file(report(at=IN_ZONE))
    assert timekeeping.alarm_overdue(desk.bus) == 1
    assert timekeeping.alarm_overdue(desk.bus) == 0
    (overdue,) = desk.entries(EntryKind.DELIVERY_OVERDUE)
    assert (overdue.facts["centre"], overdue.facts["side"]) == ("BE-1", "receiver")
    assert overdue.facts["receiver_phone"] == "phone of BE-1"
    assert overdue.facts["owner_phone"] == "phone of NL-1"
    assert overdue.facts["second_channel"] == "telephone"


def test_one_wait_raises_one_alarm_however_often_the_case_changes(desk: Desk) -> None:
    """A newer revision joins the wait; the next wait, after a delivery, is another one."""
    desk.file(report(at=IN_ZONE, revision=1))
    assert timekeeping.alarm_overdue(desk.bus) == 1
    desk.file(report(at=IN_ZONE, revision=2, hazards=("smoke",)))
    assert timekeeping.alarm_overdue(desk.bus) == 0
    desk.deliver("BE")
    desk.file(report(at=IN_ZONE, revision=3, hazards=("smoke", "gas")))
    assert timekeeping.alarm_overdue(desk.bus) == 1


def test_an_overdue_telling_that_cannot_be_described_silences_no_other(desk: Desk) -> None:
    """A broken row has an alarm of its own, with the centre, and the rest have theirs."""
    for number in ("C-1", "C-2"):
        desk.file(report(number, at=IN_ZONE))
    with desk.bus.store.begin() as uow:
        broken = "UPDATE incident SET report = '{\"number\": 1}' WHERE number = 'C-1'"
        uow._connection.exec_driver_sql(broken)
    assert timekeeping.alarm_overdue(desk.bus) == 2
    (described,) = desk.entries(EntryKind.DELIVERY_OVERDUE)
    (alarm,) = desk.entries(EntryKind.ALARM_RAISED)
    assert described.incident == desk.filed("C-2").id
    assert alarm.facts == {"reason": "not_delivered", "centre": "BE-1"}
    assert timekeeping.alarm_overdue(desk.bus) == 0


def test_what_has_arrived_is_not_overdue(desk: Desk) -> None:
    """A delivered telling raises no alarm."""
    desk.file(report(at=IN_ZONE))
    desk.deliver("BE")
    assert timekeeping.alarm_overdue(desk.bus) == 0


def test_what_is_not_late_yet_is_not_overdue(desk: Desk) -> None:
    """Ten seconds are ten seconds, by the database's clock."""
    desk.bus = attrs.evolve(desk.bus, limits=attrs.evolve(desk.bus.limits, overdue_s=600.0))
    desk.file(report(at=IN_ZONE))
    assert timekeeping.alarm_overdue(desk.bus) == 0


def test_a_centre_without_a_room_is_overdue_until_somebody_calls(desk: Desk) -> None:
    """Where there is no machine to take it, the sender is told to telephone."""
    without = centre("BE-1", room=None)
    desk.with_book(book(centres={**book().centres, "BE-1": without}))
    desk.file(report(at=IN_ZONE))
    assert timekeeping.alarm_overdue(desk.bus) == 1


def test_an_alarm_is_raised_although_the_centre_has_left_the_book(desk: Desk) -> None:
    """A number that is not known is no reason to be silent."""
    desk.file(report(at=IN_ZONE))
    left = {name: one for name, one in desk.bus.book.centres.items() if name != "BE-1"}
    desk.with_book(attrs.evolve(desk.bus.book, centres=left))
    assert timekeeping.alarm_overdue(desk.bus) == 1
    (overdue,) = desk.entries(EntryKind.DELIVERY_OVERDUE)
    assert overdue.facts["receiver_phone"] is None


def test_a_mirror_that_was_left_for_long_enough_closes_with_that_reason(desk: Desk) -> None:
    """Clearly out of the zone, for as long as the limit says."""
    filed = desk.file(report(at=IN_ZONE))
    desk.file(report(at=FAR_INSIDE))
    assert desk.notice(filed.id, NoticeKind.MIRROR).is_open
    assert timekeeping.close_left(desk.bus) == 1
    mirror = desk.notice(filed.id, NoticeKind.MIRROR)
    assert (mirror.state, mirror.cause) == (NoticeState.CLOSED, "out_of_zone")


def test_handoffs_that_cannot_be_left_keep_no_mirror_from_closing(desk: Desk) -> None:
    """Accepted parts that are yet to move, a whole batch of them, are passed by."""
    with desk.bus.store.begin() as uow:
        for _ in range(100):
            uow.notices.put(handoff(state=NoticeState.ACCEPTED, leaving_since=NOON))
    desk.file(report(at=IN_ZONE))
    desk.file(report(at=FAR_INSIDE))
    assert timekeeping.close_left(desk.bus) == 1


def test_a_mirror_that_was_left_for_a_moment_stays(desk: Desk) -> None:
    """A position that jumps out and back closes nothing."""
    hold = attrs.evolve(desk.bus.limits, leave_hold_s=timedelta(hours=1).total_seconds())
    desk.bus = attrs.evolve(desk.bus, limits=hold)
    filed = desk.file(report(at=IN_ZONE))
    desk.file(report(at=FAR_INSIDE))
    assert timekeeping.close_left(desk.bus) == 0
    desk.file(report(at=IN_ZONE))
    mirror = desk.notice(filed.id, NoticeKind.MIRROR)
    assert (mirror.is_open, mirror.leaving_since) == (True, None)
