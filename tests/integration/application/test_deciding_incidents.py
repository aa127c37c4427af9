"""Decisions: each incident once, explained in the journal, and none held up by another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from making import world
from making.gates import page
from making.values import report
from making.wiring import Desk, MakeBus
from making.world import (
    ACROSS,
    FAR_INSIDE,
    IN_ZONE,
    NOWHERE,
    ON_BORDER,
    TRI_BORDER,
    agreement,
    book,
)

from dispatch_bus.application import deciding, intake, timekeeping
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.agreement import NoLocation
from dispatch_bus.domain.book import Duty
from dispatch_bus.domain.codes import CaseStatus
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Content
from dispatch_bus.domain.notice import NoticeKind, NoticeState
from dispatch_bus.domain.place import Position


class CutOff(world.Atlas):
    """Geography during which the database ends every other connection."""

    def __init__(self, bus: Bus) -> None:
        super().__init__()
        self._bus = bus

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Cut the connections, then answer."""
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        with self._bus.store.begin() as uow:
            uow._connection.exec_driver_sql(cut)
        return super().locate(positions)


def test_a_decision_opens_a_mirror_and_explains_it_in_the_journal(desk: Desk) -> None:
    """Rule, zone, distance, agreement and legal basis can be read from the entries alone."""
    filed = desk.file(report(at=IN_ZONE))
    assert desk.notice(filed.id, NoticeKind.MIRROR).receiver == "BE-1"
    (decided,) = desk.entries(EntryKind.INCIDENT_DECIDED)
    (opened,) = desk.entries(EntryKind.MIRROR_OPENED)
    assert decided.facts["wanted"][0]["rule"] == "border_zone"
    assert decided.facts["zones"] == [[world.ZONE, "NL", 2_000.0]]
    assert opened.facts["legal_basis"] == "Treaty"
    assert opened.facts["agreement_version"] == 3
    assert decided.correlation == opened.correlation == filed.correlation


def test_in_foreign_territory_a_handoff_is_proposed_to_the_owner(desk: Desk) -> None:
    """The owner's dispatcher is asked; the receiver hears of the mirror alone."""
    filed = desk.file(report(at=ACROSS))
    desk.settle()
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.PROPOSED
    assert [m.act for m in desk.gates["NL"].attempts] == ["proposal"]
    assert [m.act for m in desk.gates["BE"].attempts] == ["mirror"]


def test_deciding_again_changes_nothing(desk: Desk) -> None:
    """A decision that is made again opens, updates and tells nothing."""
    filed = desk.file(report(at=ACROSS))
    before = len(desk.entries())
    with desk.bus.store.begin() as uow:
        again = attrs.evolve(uow.incidents.lock(filed.id, personal=True), decided_revision=0)
        uow.incidents.revise(again)
    assert deciding.decide(desk.bus) == 1
    assert [one.kind for one in desk.entries()[before:]] == ["incident.decided"]


def test_without_a_location_the_alarm_that_was_agreed_is_raised(desk: Desk) -> None:
    """A person is told, with the neighbour and the agreement."""
    desk.with_book(book(agreement("BE", "NL", no_location=NoLocation.ALARM)))
    desk.file(report(at=NOWHERE))
    (alarm,) = desk.entries(EntryKind.ALARM_RAISED)
    assert (alarm.facts["reason"], alarm.facts["neighbour"]) == ("no_location", "BE")


def test_the_end_of_an_incident_ends_everything_and_tells_it(desk: Desk) -> None:
    """Mirror and proposal close, and the neighbour hears so without any content."""
    filed = desk.file(report(at=ACROSS))
    desk.settle()
    desk.file(report(at=ACROSS, status=CaseStatus.CLOSED))
    desk.settle()
    kinds = (NoticeKind.MIRROR, NoticeKind.HANDOFF)
    assert {desk.notice(filed.id, kind).state for kind in kinds} == {NoticeState.CLOSED}
    last = desk.gates["BE"].attempts[-1]
    assert (last.act, last.cause, last.content.place) == ("closed", "incident_closed", None)


def test_an_incident_that_cannot_be_decided_does_not_hold_up_the_rest(desk: Desk) -> None:
    """A person is told of the one, and the others are decided in the same breath."""
    unknown = Position(lon=1.0, lat=1.0)
    known = desk.bus.geography
    assert isinstance(known, world.Atlas)
    known.localities[unknown] = world.locality()
    desk.leave("NL", report("C-1", at=unknown), report("C-2", at=IN_ZONE))
    del known.localities[unknown]

    assert deciding.decide(desk.bus) == 2

    assert len(desk.notices(desk.filed("C-2").id, NoticeKind.MIRROR)) == 1
    (alarm,) = desk.entries(EntryKind.ALARM_RAISED)
    assert alarm.incident == desk.filed("C-1").id
    assert alarm.facts["reason"] == "not_decided"
    assert deciding.decide(desk.bus) == 0


def test_an_incident_whose_owner_left_the_book_does_not_hold_up_the_rest(desk: Desk) -> None:
    """A change of the configuration cannot stop the coordinator."""
    desk.leave("NL", report("C-1", at=IN_ZONE), report("C-2", at=ON_BORDER))
    left = {name: one for name, one in desk.bus.book.centres.items() if name != "NL-1"}
    desk.with_book(attrs.evolve(desk.bus.book, centres=left))
    assert deciding.decide(desk.bus) == 2
    assert len(desk.entries(EntryKind.ALARM_RAISED)) == 2


def test_a_neighbour_that_left_the_book_keeps_no_other_from_its_notices(desk: Desk) -> None:
    """What it is told is overdue and a person calls; the other neighbour hears as ever."""
    filed = desk.file(report(at=TRI_BORDER))
    desk.settle()
    left = {name: one for name, one in desk.bus.book.centres.items() if name != "BE-1"}
    duties = {place: Duty("BE-2") for place in desk.bus.book.duties if place[0] == "be-east"}
    desk.with_book(
        attrs.evolve(desk.bus.book, centres=left, duties={**desk.bus.book.duties, **duties})
    )

    desk.file(report(at=TRI_BORDER, hazards=("gas",)))
    desk.settle()

    assert [m.content.hazards for m in desk.gates["DE"].attempts] == [(), ("gas",)]
    assert desk.gates["BE"].attempts[-1].to == "BE-2"
    assert desk.entries(EntryKind.ALARM_RAISED) == []
    assert timekeeping.alarm_overdue(desk.bus) == 1
    (overdue,) = desk.entries(EntryKind.DELIVERY_OVERDUE)
    assert (overdue.facts["centre"], overdue.incident) == ("BE-1", filed.id)


def test_an_agreement_that_ended_keeps_no_neighbour_from_its_notices(desk: Desk) -> None:
    """Whom it allowed to know learns nothing more, but that the notice has ended."""
    desk.file(report(at=TRI_BORDER))
    desk.settle()
    desk.with_book(book(agreement("DE", "NL")))
    desk.file(report(at=TRI_BORDER, hazards=("gas",)))
    desk.settle()
    assert [m.content.hazards for m in desk.gates["DE"].attempts] == [(), ("gas",)]
    assert desk.gates["BE"].attempts[-1].content == Content()

    timekeeping.close_left(desk.bus)
    desk.settle()
    assert [gate.attempts[-1].act for gate in (desk.gates["BE"], desk.gates["DE"])] == [
        "closed",
        "mirror",
    ]


def test_a_row_that_cannot_be_read_does_not_hold_up_the_rest(desk: Desk) -> None:
    """What somebody broke in the table is alarmed and passed."""
    desk.leave("NL", report("C-1", at=IN_ZONE), report("C-2", at=IN_ZONE))
    broken = desk.filed("C-1").id
    with desk.bus.store.begin() as uow:
        statement = "UPDATE incident SET report = '{\"number\": 1}' WHERE id = %s"
        uow._connection.exec_driver_sql(statement, (broken,))
    assert deciding.decide(desk.bus) == 2
    assert len(desk.notices(desk.filed("C-2").id, NoticeKind.MIRROR)) == 1
    (alarm,) = desk.entries(EntryKind.ALARM_RAISED)
    assert alarm.incident == broken


def test_a_database_that_breaks_off_decides_nothing_and_is_tried_again(desk: Desk) -> None:
    """No incident is passed over because the server was restarted."""
    desk.leave("NL", report(at=IN_ZONE))
    whole = desk.bus
    desk.bus = attrs.evolve(whole, geography=CutOff(whole))
    with pytest.raises(Retry):
        deciding.decide(desk.bus)
    desk.bus = whole
    assert deciding.decide(desk.bus) == 1
    assert desk.entries(EntryKind.ALARM_RAISED) == []


def test_coordinators_on_one_backlog_decide_each_incident_once(
    desk: Desk, another_bus: MakeBus
) -> None:
    """Each incident has one decision and one mirror, while intake goes on revising."""
    buses = [another_bus(f"coordinator-{n}", decide_batch=3) for n in range(4)]
    numbers = [f"C-{n}" for n in range(24)]
    desk.leave("NL", *(report(number, at=IN_ZONE) for number in numbers))

    def work(place: int) -> None:
        if place == 0:
            desk.leave("NL", *(report(number, at=ON_BORDER) for number in numbers))
        while deciding.decide(buses[place]):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    deciding.decide(desk.bus)

    decided = Counter(
        (one.incident, one.facts["revision"]) for one in desk.entries(EntryKind.INCIDENT_DECIDED)
    )
    assert set(decided.values()) == {1}
    for number in numbers:
        filed = desk.filed(number)
        assert filed.decided_revision == filed.revision == 2
        assert desk.notice(filed.id, NoticeKind.MIRROR).revision == 2


def test_an_incident_that_was_never_near_a_border_is_not_decided(desk: Desk) -> None:
    """A stub asks for no decision."""
    desk.gates["NL"].pages.append(page("1", report(at=FAR_INSIDE)))
    intake.pull(desk.bus, "NL", desk.gates["NL"])
    assert deciding.decide(desk.bus) == 0
