"""The lines of a terminal over what the bus really writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from making.values import answer, report
from making.wiring import Desk, make_bus
from making.world import ACROSS, FAR_INSIDE, IN_ZONE
from rich.text import Text

from dispatch_bus.application import answering, consulting, timekeeping
from dispatch_bus.application.consulting import Consultation, Reason
from dispatch_bus.cli.lines import told
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, RefusalCause
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.page import Page, Record


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """Drives a bus."""
    bus = make_bus(database_url, tmp_path / "keys")
    yield Desk(bus)
    bus.store.close()


def live_through_a_day(desk: Desk) -> None:
    """Have as many things happen as one day can hold."""
    mirrored = desk.file(report("C-1", at=IN_ZONE))
    desk.pull("NL", report("C-1", at=IN_ZONE))
    timekeeping.alarm_overdue(desk.bus)
    desk.gates["BE"].failures = [Retry("away")]
    desk.deliver("BE")
    desk.settle()
    mirror = desk.notice(mirrored.id, NoticeKind.MIRROR).id
    answering.answer(desk.bus, answer(AnswerKind.ACKNOWLEDGE, mirror), {"BE-1"})
    desk.file(report("C-1", at=FAR_INSIDE))
    desk.settle()
    timekeeping.keep_time(desk.bus)
    accept(desk, desk.file(report("C-2", at=ACROSS)).report)
    refuse_and_withdraw(desk)
    who = Consultation(by="desk-1", reason=Reason.DISPATCH, session="s")
    consulting.consult(desk.bus, mirrored.id, who)
    bad = Record(id="[/]", raw=b"?", refusal=Refused("times.event", "[/]", "Mend it [/]."))
    desk.gates["NL"].pages.append(Page(cursor="bad", records=(bad,)))
    desk.pull("NL", report("C-9", at=FAR_INSIDE))
    desk.pull("NL")


def accept(desk: Desk, told_report: Report | None) -> None:
    """Have a part change hands, and be answered too late."""
    assert told_report is not None
    handoff = desk.notice(desk.filed(told_report.number).id, NoticeKind.HANDOFF).id
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff), {"NL-1"})
    desk.deliver("BE")
    desk.pull("BE", answer(AnswerKind.ACCEPT, handoff, case_number="B-9"))
    desk.pull("BE", answer(AnswerKind.REFUSE, handoff, cause=RefusalCause.OTHER))
    desk.gates["NL"].failures = [Refused("content", "x", "y")]
    desk.deliver("NL")
    desk.settle()


def refuse_and_withdraw(desk: Desk) -> None:
    """Have an offer refused, and another one taken back."""
    for number, kind, centre in (
        ("C-3", AnswerKind.REFUSE, "BE-1"),
        ("C-4", AnswerKind.WITHDRAW, "NL-1"),
    ):
        handoff = desk.notice(desk.file(report(number, at=ACROSS)).id, NoticeKind.HANDOFF).id
        answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff), {"NL-1"})
        cause = RefusalCause.NO_CAPACITY if kind is AnswerKind.REFUSE else None
        answering.answer(desk.bus, answer(kind, handoff, cause=cause), {centre})


def test_every_entry_of_a_real_day_can_be_said(desk: Desk) -> None:
    """Whatever facts the bus writes, they are the ones that the lines need."""
    live_through_a_day(desk)
    entries = desk.entries()
    for entry in entries:
        shown = Text.from_markup(told(entry)).plain
        assert shown.startswith(entry.kind)
        assert shown.endswith(entry.correlation)
    said = {entry.kind for entry in entries}
    assert {
        EntryKind.INCIDENT_RECORDED,
        EntryKind.INCIDENT_DECIDED,
        EntryKind.MIRROR_OPENED,
        EntryKind.MIRROR_CLOSED,
        EntryKind.NOTICE_ACKNOWLEDGED,
        EntryKind.HANDOFF_OFFERED,
        EntryKind.HANDOFF_ACCEPTED,
        EntryKind.HANDOFF_REFUSED,
        EntryKind.HANDOFF_WITHDRAWN,
        EntryKind.ANSWER_REFUSED,
        EntryKind.DELIVERY_FAILED,
        EntryKind.DELIVERY_UNDELIVERABLE,
        EntryKind.DELIVERY_OVERDUE,
        EntryKind.RECORD_QUARANTINED,
        EntryKind.CONSULTED,
    } <= said
