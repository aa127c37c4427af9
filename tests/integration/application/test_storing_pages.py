"""Pages of several rooms in one transaction: decided where they are recorded, none held up."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any
from unittest.mock import patch

import attrs
import pytest
from making.gates import page
from making.values import answer, personal, report
from making.wiring import Desk
from making.world import ACROSS, FAR_INSIDE, IN_ZONE
from prometheus_client import REGISTRY

from dispatch_bus.application import answering, deciding, storing
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.protecting import NoKey
from dispatch_bus.application.quarantining import Origin
from dispatch_bus.application.records import act_on
from dispatch_bus.application.storing import Pulled
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import Answer, AnswerKind, NoticeKind, NoticeState, RefusalCause
from dispatch_bus.domain.report import PartReport, Report
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.rooms import RoomState
from dispatch_bus.store.unit import UnitOfWork


def pulled(desk: Desk, room: str, *meanings: Any) -> Pulled:
    """Return a page as it comes from a room."""
    with desk.bus.store.begin() as uow:
        state = uow.rooms.get(room)
    return Pulled(state=state, page=page(f"{room}{state.pages + 1}", *meanings))


def offered(desk: Desk) -> tuple[Filed, Answer]:
    """Offer a case to the Belgian centre; return it with the refusal that is to come."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    desk.settle()
    return filed, answer(AnswerKind.REFUSE, handoff.id, cause=RefusalCause.OTHER)


def belgian(number: str) -> Report:
    """Return a case of the Belgian room that the Dutch one is to know of."""
    parts = (PartReport(discipline=Discipline.FIRE, centre="BE-1"),)
    return report(number, at=IN_ZONE, parts=parts)


def test_a_page_is_decided_in_the_transaction_that_records_it(desk: Desk) -> None:
    """Whoever sees the incident sees its mirror, and nothing is left to the coordinator."""
    desk.pull("NL", report(at=IN_ZONE))
    filed = desk.filed("C-1")
    assert filed.decided_revision == filed.revision == 1
    assert filed.decided_at == filed.recorded_at
    assert desk.notice(filed.id, NoticeKind.MIRROR).receiver == "BE-1"
    assert deciding.decide(desk.bus) == 0
    assert [one.kind for one in desk.entries()][:3] == [
        EntryKind.INCIDENT_RECORDED,
        EntryKind.INCIDENT_DECIDED,
        EntryKind.MIRROR_OPENED,
    ]


def test_of_several_revisions_in_a_page_the_last_is_decided(desk: Desk) -> None:
    """A neighbour is told once, of how it stands."""
    desk.pull("NL", *(report(at=place, revision=n) for n, place in enumerate([IN_ZONE, ACROSS])))
    filed = desk.filed("C-1")
    assert filed.decided_revision == filed.revision == 2
    (decided,) = desk.entries(EntryKind.INCIDENT_DECIDED)
    assert decided.facts["revision"] == 2
    assert desk.notice(filed.id, NoticeKind.HANDOFF).revision == 2


def test_what_has_moved_on_since_it_was_recorded_is_left_to_the_coordinator(desk: Desk) -> None:
    """A part that moves within a page makes a revision of its own, which is not the one in hand."""
    filed = desk.file(report(at=IN_ZONE))
    before = len(desk.entries())
    (locality,) = desk.bus.geography.locate([IN_ZONE])
    with desk.bus.store.begin() as uow:
        uow.incidents.lock(filed.id)
        older = attrs.evolve(filed, revision=filed.revision - 1)
        deciding.decide_recorded(desk.bus, uow, [(older, locality)])
    assert len(desk.entries()) == before
    assert desk.filed("C-1").decided_revision == filed.revision


def test_a_page_that_cannot_be_decided_is_recorded_and_decided_later(desk: Desk) -> None:
    """What was confirmed to a room is stored, whatever fails after that; it is counted."""
    counted = partial(REGISTRY.get_sample_value, "dispatch_bus_pages_decided_later_total")
    before = counted() or 0
    desk.leave("NL", report("C-1", at=IN_ZONE), report("C-2", at=FAR_INSIDE))
    filed = desk.filed("C-1")
    assert (filed.revision, filed.decided_revision) == (1, 0)
    assert desk.gates["NL"].confirmed == ["NL1"]
    assert counted() == before + 1
    assert deciding.decide(desk.bus) == 1
    assert desk.notice(filed.id, NoticeKind.MIRROR).receiver == "BE-1"


def test_a_refused_value_does_not_reach_the_log(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a decision refuses may be personal; the log names the kind alone."""
    refusal = Refused("address", "Kerkstraat 5", "Not Kerkstraat 5!")
    with patch.object(deciding, "decide_recorded", side_effect=refusal):
        desk.pull("NL", report(at=IN_ZONE))
    told = "".join(capsys.readouterr())
    assert "record by record" in told
    assert "Refused" in told
    assert "Kerkstraat" not in told


def test_pages_of_several_rooms_share_a_transaction(desk: Desk) -> None:
    """Each room's cursor moves, and each incident has its mirror at one instant."""
    pages = [pulled(desk, "NL", report(at=IN_ZONE)), pulled(desk, "BE", belgian("B-1"))]
    stored = storing.store(desk.bus, pages)
    assert [(one.id, one.cursor) for one in stored] == [("NL", "NL1"), ("BE", "BE1")]
    filed = [desk.filed("C-1"), desk.filed("B-1", "BE")]
    assert filed[0].recorded_at == filed[1].recorded_at
    assert [desk.notice(one.id, NoticeKind.MIRROR).receiver for one in filed] == ["BE-1", "NL-1"]


def test_a_page_that_another_reader_has_stored_holds_up_no_other(desk: Desk) -> None:
    """Nothing of it is stored twice, and the others are stored whole."""
    late = pulled(desk, "NL", report("C-2", at=IN_ZONE))
    desk.pull("NL", report("C-1", at=IN_ZONE))
    stored = storing.store(desk.bus, [late, pulled(desk, "BE", belgian("B-1"))])
    assert [one and one.cursor for one in stored] == [None, "BE1"]
    recorded = [one.facts["number"] for one in desk.entries(EntryKind.INCIDENT_RECORDED)]
    assert recorded == ["C-1", "B-1"]


def test_a_page_that_cannot_be_stored_whole_holds_up_no_other(desk: Desk) -> None:
    """Its record is quarantined alone; the page beside it is decided as if it had come alone."""
    unstorable = report("C-1", at=IN_ZONE)
    object.__setattr__(unstorable, "revision", 2**53)
    broken = pulled(desk, "NL", unstorable, report("C-2", at=IN_ZONE))
    stored = storing.store(desk.bus, [broken, pulled(desk, "BE", belgian("B-1"))])
    assert [one and one.cursor for one in stored] == ["NL1", "BE1"]
    assert len(desk.entries(EntryKind.RECORD_QUARANTINED)) == 1
    assert desk.filed("C-2").decided_revision == 0
    assert desk.filed("B-1", "BE").decided_revision == 1
    assert deciding.decide(desk.bus) == 1


def test_a_record_that_the_bus_itself_fails_on_waits_alone(desk: Desk) -> None:
    """What no check foresaw is kept with its reason, and what comes behind it goes on."""
    records = [report("C-1", at=IN_ZONE), report("C-2", at=IN_ZONE), report("C-3", at=IN_ZONE)]

    def fail(bus: Bus, uow: UnitOfWork, origin: Origin, meaning: Any, *rest: Any) -> Any:
        if meaning.number == "C-2":
            raise KeyError("a mistake")
        return act_on(bus, uow, origin, meaning, *rest)

    with patch.object(storing, "act_on", side_effect=fail):
        desk.pull("NL", *records)
    assert desk.gates["NL"].confirmed == ["NL1"]
    assert deciding.decide(desk.bus) == 2
    (kept,) = desk.entries(EntryKind.RECORD_QUARANTINED)
    assert kept.facts["record"] == "NL1.1"
    with desk.bus.store.begin() as uow:
        (waiting,) = uow.quarantine.page(None, None, 10)
    assert "KeyError" in waiting.remedy


def test_a_fault_that_meets_every_record_is_no_records_fault(desk: Desk) -> None:
    """A process that is broken itself quarantines nothing; the page is asked for again."""
    with patch.object(storing, "act_on", side_effect=ImportError("half an upgrade")):
        with pytest.raises(ImportError):
            desk.pull("NL", report("C-1", at=IN_ZONE), report("C-2", at=IN_ZONE))
        assert desk.gates["NL"].confirmed == []
    assert desk.entries(EntryKind.RECORD_QUARANTINED) == []


def test_a_database_that_breaks_off_at_a_record_quarantines_nothing(desk: Desk) -> None:
    """The page is pulled again."""
    with patch.object(storing, "act_on", side_effect=Retry("away")):
        with suppress(Retry):
            desk.pull("NL", report(at=IN_ZONE))
        assert desk.gates["NL"].confirmed == []
    assert desk.entries(EntryKind.RECORD_QUARANTINED) == []


def test_an_answer_and_a_revision_of_one_incident_may_come_at_once(desk: Desk) -> None:
    """The answer counts, and the incident is decided at the revision that it then has."""
    filed, no = offered(desk)
    refused = pulled(desk, "BE", no)
    revised = pulled(desk, "NL", report(at=ACROSS, personal=personal()))
    assert all(storing.store(desk.bus, [refused, revised]))
    desk.settle()
    filed = desk.filed("C-1")
    assert filed.decided_revision == filed.revision == 2
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.REFUSED
    assert desk.notice(filed.id, NoticeKind.MIRROR).revision == 2


def test_a_key_that_is_gone_holds_up_no_page_that_needs_none(desk: Desk) -> None:
    """An answer that came at the same moment as another room's new case counts all the same."""
    filed, no = offered(desk)
    pages = [pulled(desk, "NL", report("C-2", at=IN_ZONE)), pulled(desk, "BE", no)]
    desk.bus.store.keys.erase(filed.key.day)
    unstored, stored = storing.store(desk.bus, pages)
    assert isinstance(unstored, NoKey)
    assert isinstance(stored, RoomState)
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.REFUSED
