"""Pages: stored with their cursor or not at all, each record for what it is."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import attrs
import pytest
from making.gates import page, told
from making.values import NOON, answer, personal, report, times
from making.wiring import Desk
from making.world import ACROSS, FAR_INSIDE, IN_ZONE

from dispatch_bus.application import answering, board, deciding, intake, quarantining, replaying
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.quarantining import Origin
from dispatch_bus.application.records import act_on
from dispatch_bus.domain.codes import CaseStatus, Discipline, Mode
from dispatch_bus.domain.errors import NotAllowed, Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, NoticeState
from dispatch_bus.domain.report import PartReport
from dispatch_bus.sdk.page import Page, Record
from dispatch_bus.store.quarantine import QuarantineState
from dispatch_bus.store.unit import UnitOfWork

KINDS = (
    EntryKind.INCIDENT_RECORDED,
    EntryKind.INCIDENT_STUBBED,
    EntryKind.INCIDENT_UNCHANGED,
    EntryKind.INCIDENT_STALE,
    EntryKind.INCIDENT_RECOGNISED,
    EntryKind.RECORD_QUARANTINED,
)


def seen(desk: Desk) -> list[str]:
    """Return what each record amounted to, in order."""
    return [one.kind for one in desk.entries(*KINDS)]


def cursor(desk: Desk, room: str = "NL") -> str | None:
    """Return how far a room has been read."""
    with desk.bus.store.begin() as uow:
        return uow.rooms.get(room).cursor


def waiting(desk: Desk) -> list[tuple[str, str]]:
    """Return (record, field) of everything in quarantine that waits."""
    listed = board.quarantined(desk.bus, QuarantineState.WAITING, None, 100).items
    return sorted((one.record, one.field) for one in listed)


def test_a_page_is_confirmed_after_it_is_stored(desk: Desk) -> None:
    """The room hears of the cursor that the store has."""
    desk.pull("NL", report("C-1", at=IN_ZONE), report("C-2", at=IN_ZONE))
    assert (cursor(desk), desk.gates["NL"].confirmed) == ("NL1", ["NL1"])
    assert seen(desk) == ["incident.recorded"] * 2


def test_a_page_that_another_reader_has_stored_is_left_alone(desk: Desk) -> None:
    """The cursor decides which of two readers stores a page; the other stores nothing of it."""
    with desk.bus.store.begin() as uow:
        state = uow.rooms.get("NL")
    assert intake.store_page(desk.bus, state, page("1", report(at=IN_ZONE)))
    assert not intake.store_page(desk.bus, state, page("1", report("C-2", at=IN_ZONE)))
    assert seen(desk) == ["incident.recorded"]


def test_a_page_whose_room_goes_away_before_the_confirmation_is_stored_once(desk: Desk) -> None:
    """The same page again brings nothing new."""
    desk.pull("NL", report(at=IN_ZONE))
    desk.pull("NL", report(at=IN_ZONE))
    assert seen(desk) == ["incident.recorded", "incident.unchanged"]
    assert desk.filed("C-1").revision == 1


def test_a_page_that_does_not_move_its_cursor_is_refused(desk: Desk) -> None:
    """A room that repeats its cursor would be read for ever."""
    desk.pull("NL", report(at=IN_ZONE))
    desk.gates["NL"].pages.append(page("NL1", report("C-2", at=IN_ZONE)))
    with pytest.raises(Refused, match="must move its cursor"):
        intake.pull(desk.bus, "NL", desk.gates["NL"])


def test_a_room_that_does_not_answer_is_marked_once_and_unmarked_once(desk: Desk) -> None:
    """Its silence and its return are one entry each, however often it was tried."""
    gate = desk.gates["NL"]
    gate.pages += [Retry("no answer"), Retry("no answer")]
    for _ in range(3):
        with suppress(Retry):
            intake.pull(desk.bus, "NL", gate)
    told_of = desk.entries(EntryKind.ROOM_UNREACHABLE, EntryKind.ROOM_REACHABLE)
    assert [one.kind for one in told_of] == ["room.unreachable", "room.reachable"]


def test_an_older_revision_is_dropped(desk: Desk) -> None:
    """What the room said before is no news after what it said later."""
    desk.pull("NL", report(at=IN_ZONE, revision=5), report(at=ACROSS, revision=4))
    assert seen(desk) == ["incident.recorded", "incident.stale"]
    assert desk.filed("C-1").source_revision == 5


def test_a_new_case_under_a_number_of_yesterday_is_kept_for_a_person(desk: Desk) -> None:
    """By its count it is older than yesterday's case, and yet it is an emergency of today."""
    today = times(NOON + timedelta(days=1))
    desk.pull("NL", report(at=FAR_INSIDE, revision=7))
    desk.pull("NL", report(at=IN_ZONE, revision=0, times=today))
    (kept,) = board.quarantined(desk.bus, None, None, 10).items
    assert (kept.field, kept.state) == ("number", "waiting")

    desk.gates["NL"].meanings[b"mended"] = report("C-1b", at=IN_ZONE, revision=0, times=today)
    quarantining.ask_replay(desk.bus, kept.id, b"mended", "ann")
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 1
    desk.settle()
    assert desk.notice(desk.filed("C-1b").id, NoticeKind.MIRROR).receiver == "BE-1"


def test_a_revision_without_news_makes_older_ones_stale(desk: Desk) -> None:
    """Revision 5 said the same as 3, so 4 is old whatever it says."""
    same = report(at=IN_ZONE)
    desk.pull(
        "NL",
        attrs.evolve(same, revision=3),
        attrs.evolve(same, revision=5),
        report(at=ACROSS, revision=4),
    )
    assert seen(desk) == ["incident.recorded", "incident.unchanged", "incident.stale"]


def test_without_a_revision_number_the_content_tells(desk: Desk) -> None:
    """Another content is a revision, the same content none, and back again is one too."""
    first, second = report(at=IN_ZONE), report(at=ACROSS)
    desk.pull("NL", first, first, second, first)
    assert desk.filed("C-1").revision == 3


def test_the_time_of_publication_is_no_content(desk: Desk) -> None:
    """A room that publishes the same again later has nothing new to say."""
    again = attrs.evolve(times(), available=NOON + timedelta(minutes=1))
    desk.pull("NL", report(at=IN_ZONE), report(at=IN_ZONE, times=again))
    assert seen(desk) == ["incident.recorded", "incident.unchanged"]


def test_a_case_number_used_again_next_year_is_another_incident(desk: Desk) -> None:
    """Both uses stand side by side, each with an identity of its own."""
    last_year = times(NOON - timedelta(days=365))
    first = desk.file(report(at=IN_ZONE, times=last_year))
    second = desk.file(report(at=IN_ZONE))
    assert (first.source.generation, second.source.generation) == (1, 2)
    assert first.id != second.id


def test_what_concerns_no_neighbour_leaves_only_a_stub(desk: Desk) -> None:
    """Far from every border the bus keeps a coarse spot and not the report."""
    filed = desk.file(report(at=FAR_INSIDE, personal=personal("SECRET")))
    assert (filed.report, filed.coarse) == (None, (5.0, 50.8))
    assert seen(desk) == ["incident.stubbed"]
    (entry,) = desk.entries(EntryKind.INCIDENT_STUBBED)
    assert "report" not in entry.facts


def test_a_stub_that_comes_near_a_border_becomes_whole(desk: Desk) -> None:
    """A pursuit that enters the zone is decided like any other incident."""
    desk.file(report(at=FAR_INSIDE))
    filed = desk.file(report(at=IN_ZONE))
    assert filed.report is not None
    assert filed.coarse is None
    assert len(desk.notices(filed.id, NoticeKind.MIRROR)) == 1


def test_what_was_of_concern_once_stays_whole(desk: Desk) -> None:
    """The neighbour is to learn how it ended."""
    desk.file(report(at=IN_ZONE))
    assert desk.file(report(at=FAR_INSIDE)).report is not None


def test_a_copy_that_names_its_original_is_recognised(desk: Desk) -> None:
    """What the bus sent to a room does not come back as an incident of its own."""
    filed = desk.file(report(at=IN_ZONE))
    copy = _belgian("B-1", returns=str(filed.id))
    desk.pull("BE", copy, _belgian("B-1"))
    assert seen(desk) == ["incident.recorded", "incident.recognised", "incident.recognised"]


def test_a_room_that_keeps_the_buss_id_beside_its_own_case_tells_no_copy(desk: Desk) -> None:
    """The owner's own updates are never taken for a copy of themselves."""
    filed = desk.file(report(at=IN_ZONE))
    desk.file(report(at=IN_ZONE, returns=str(filed.id), status=CaseStatus.CLOSED))
    assert not desk.filed("C-1").incident.is_open


def test_a_case_that_a_room_told_before_stays_its_own_whatever_it_returns(desk: Desk) -> None:
    """An id that is entered later freezes no case in what it was."""
    filed = desk.file(report(at=IN_ZONE))
    desk.pull("BE", _belgian("B-1"))
    desk.pull("BE", _belgian("B-1", returns=str(filed.id), status=CaseStatus.CLOSED))
    assert not desk.filed("B-1", "BE").incident.is_open


def test_what_a_room_was_never_told_it_cannot_return(desk: Desk) -> None:
    """A real case is not swallowed because of an id that came from elsewhere."""
    filed = desk.file(report(at=IN_ZONE))
    german = (PartReport(discipline=Discipline.FIRE, centre="DE-1"),)
    desk.pull("DE", report("D-1", at=IN_ZONE, parts=german, returns=str(filed.id)))
    assert seen(desk)[-1] == "incident.recorded"
    assert desk.filed("D-1", "DE").incident.is_open


def test_the_number_of_an_accepted_handoff_is_recognised(desk: Desk) -> None:
    """The receiver's case for a part it took over is a copy of the incident."""
    _accept_as(desk, "B-1")
    desk.pull("BE", _belgian("B-1"))
    assert seen(desk)[-1] == "incident.recognised"


def test_the_number_of_a_copy_used_again_next_year_is_a_real_incident(desk: Desk) -> None:
    """A new case is not swallowed because of an old copy's number."""
    _accept_as(desk, "B-1", at=NOON - timedelta(days=365))
    desk.pull("BE", _belgian("B-1"))
    assert seen(desk)[-1] == "incident.recorded"


def test_a_case_that_a_room_told_before_stays_its_own_after_it_accepts_under_it(
    desk: Desk,
) -> None:
    """A caller on each side of the border: the room's own case goes on being updated."""
    desk.pull("BE", _belgian("B-1"))
    _accept_as(desk, "B-1")
    desk.pull("BE", _belgian("B-1", status=CaseStatus.CLOSED))
    assert not desk.filed("B-1", "BE").incident.is_open


def test_a_record_that_is_refused_is_quarantined_and_the_page_goes_on(desk: Desk) -> None:
    """One bad record costs one record."""
    bad = Record(id="r1", raw=b"{", refusal=Refused("record", b"{", "Send JSON."))
    records = (told("r0", report("C-1", at=IN_ZONE)), bad, told("r2", report("C-2", at=IN_ZONE)))
    desk.gates["NL"].pages.append(Page(cursor="9", records=records))
    intake.pull(desk.bus, "NL", desk.gates["NL"])
    assert waiting(desk) == [("r1", "record")]
    assert seen(desk) == ["incident.recorded", "record.quarantined", "incident.recorded"]
    assert cursor(desk) == "9"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"parts": (PartReport(discipline=Discipline.FIRE, centre="BE-1"),)}, "parts.fire"),
        ({"parts": (PartReport(discipline=Discipline.FIRE, centre="??"),)}, "parts.fire"),
        ({"times": times(NOON.replace(year=2999))}, "times.available"),
    ],
    ids=["another room's centre", "nobody's centre", "a time in the future"],
)
def test_what_the_edge_cannot_know_is_quarantined(
    desk: Desk, wrong: dict[str, object], field: str
) -> None:
    """A report of another room's centre, or of a time to come, waits for a person."""
    desk.pull("NL", report("C-1", at=IN_ZONE, **wrong), report("C-2", at=IN_ZONE))
    assert waiting(desk) == [("NL1.0", field)]
    assert desk.filed("C-2").revision == 1


def test_a_real_case_does_not_become_an_exercise(desk: Desk) -> None:
    """A revision of another mode is quarantined, and the case stays what it was."""
    desk.pull("NL", report(at=IN_ZONE), report(at=IN_ZONE, mode=Mode.EXERCISE))
    assert waiting(desk) == [("NL1.1", "mode")]
    assert desk.filed("C-1").mode is Mode.ACTUAL


def test_what_only_the_database_refuses_is_quarantined_and_the_page_goes_on(desk: Desk) -> None:
    """Record by record under savepoints, the one that cannot be stored waits alone."""
    unstorable = report("C-1", at=IN_ZONE)
    object.__setattr__(unstorable, "number", "".join(uuid4().hex for _ in range(1_000)))
    desk.pull("NL", unstorable, report("C-2", at=IN_ZONE))
    assert waiting(desk) == [("NL1.0", "record")]
    assert seen(desk) == ["record.quarantined", "incident.recorded"]


def test_a_record_that_the_journal_refuses_leaves_nothing_behind(desk: Desk) -> None:
    """It is refused after its incident was noted, and is undone whole before it is quarantined."""
    refused = report("C-1", at=IN_ZONE)
    object.__setattr__(refused, "revision", 2**53)
    desk.pull("NL", refused, report("C-2", at=IN_ZONE))
    assert len(waiting(desk)) == 1
    assert seen(desk) == ["record.quarantined", "incident.recorded"]
    with desk.bus.store.begin() as uow:
        assert uow.incidents.latest("NL", "C-1") is None


def test_a_mended_record_is_replayed(desk: Desk) -> None:
    """A person mends the bytes, intake reads them, and the incident is there."""
    _quarantine_one(desk)
    _ask_replay(desk, b"mended")
    desk.gates["NL"].meanings[b"mended"] = report(at=IN_ZONE)
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 1
    assert desk.filed("C-1").revision == 1
    assert len(desk.entries(EntryKind.QUARANTINE_REPLAYED)) == 1
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 0


@pytest.mark.parametrize("pages", [1, 2], ids=["one page", "two pages"])
def test_a_replay_reopens_no_case_that_its_room_has_closed_since(desk: Desk, pages: int) -> None:
    """Without a count the bus goes by when the room gave it: the record is older by then."""
    bad = Record(id="bad", raw=b"bad", refusal=Refused("x", "y", "Mend it."))
    later = attrs.evolve(times(), available=NOON + timedelta(minutes=5))
    closed = told("closed", report(at=ACROSS, status=CaseStatus.CLOSED, times=later))
    desk.pull("NL", report(at=IN_ZONE))
    records = [(bad, closed)] if pages == 1 else [(bad,), (closed,)]
    for cursor, each in enumerate(records):
        desk.gates["NL"].pages.append(Page(cursor=f"{cursor}", records=each))
        intake.pull(desk.bus, "NL", desk.gates["NL"])
    _ask_replay(desk, b"mended")
    desk.gates["NL"].meanings[b"mended"] = report(at=IN_ZONE, hazards=("gas",))
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 1
    assert not desk.filed("C-1").incident.is_open
    assert seen(desk)[-1] == "incident.stale"


def test_a_replay_puts_no_case_back_to_which_its_room_went_back_itself(desk: Desk) -> None:
    """What the room says last counts, also where that is what it had said before."""
    desk.pull("NL", report(at=IN_ZONE))
    _quarantine_one(desk)
    desk.pull("NL", report(at=IN_ZONE))
    assert seen(desk)[-1] == "incident.unchanged"
    _ask_replay(desk, b"mended")
    desk.gates["NL"].meanings[b"mended"] = report(at=ACROSS)
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 1
    assert desk.filed("C-1").revision == 1
    assert seen(desk)[-1] == "incident.stale"


def test_a_replay_of_the_newest_record_counts_whatever_the_clock_of_its_room_says(
    desk: Desk,
) -> None:
    """It came after what is known, from a room whose clock was set back."""
    desk.pull("NL", report(at=IN_ZONE))
    _quarantine_one(desk)
    _ask_replay(desk, b"mended")
    back = attrs.evolve(times(), available=NOON - timedelta(minutes=5))
    desk.gates["NL"].meanings[b"mended"] = report(at=ACROSS, times=back)
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 1
    assert desk.filed("C-1").revision == 2


def test_a_replay_that_the_bus_fails_on_holds_up_no_other(desk: Desk) -> None:
    """It waits again with the reason, and what was asked for beside it is there."""
    for cursor in "12":
        bad = Record(id=f"bad {cursor}", raw=cursor.encode(), refusal=Refused("x", "y", "Mend it."))
        desk.gates["NL"].pages.append(Page(cursor=cursor, records=(bad,)))
        intake.pull(desk.bus, "NL", desk.gates["NL"])
    for kept in board.quarantined(desk.bus, None, None, 10).items:
        quarantining.ask_replay(desk.bus, kept.id, None, "ann")
    desk.gates["NL"].meanings = {b"1": report("C-1", at=IN_ZONE), b"2": report("C-2", at=IN_ZONE)}

    def fail(bus: Bus, uow: UnitOfWork, origin: Origin, meaning: Any, *rest: Any) -> Any:
        if meaning.number == "C-1":
            raise KeyError("a mistake")
        return act_on(bus, uow, origin, meaning, *rest)

    with patch.object(replaying, "act_on", side_effect=fail):
        assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 2
    (left,) = board.quarantined(desk.bus, QuarantineState.WAITING, None, 10).items
    assert (left.record, left.field) == ("bad 1", "record")
    assert "KeyError" in left.remedy
    assert desk.filed("C-2").revision == 1


def test_what_people_ask_for_is_read_in_every_room_that_answers(desk: Desk) -> None:
    """One whose process fails keeps no other waiting, and is asked again; strangers are left."""
    for room in ("BE", "DE", "NL"):
        _quarantine_one(desk, room)
        _ask_replay(desk, f"mended {room}".encode())
    desk.gates["BE"].meanings[b"mended BE"] = Retry("no answer")
    desk.gates["NL"].meanings[b"mended NL"] = report(at=IN_ZONE)
    with pytest.raises(Retry, match="no answer"):
        replaying.replay_asked(desk.bus, ["BE", "NL"], desk.gates.__getitem__)
    assert desk.filed("C-1").revision == 1
    desk.gates["BE"].meanings[b"mended BE"] = Refused("number", None, "None.")
    assert replaying.replay_asked(desk.bus, ["BE", "NL"], desk.gates.__getitem__) == 1


@pytest.mark.parametrize(
    "still_wrong",
    [
        Refused("number", None, "Send a number."),
        report(parts=(PartReport(discipline=Discipline.FIRE, centre="??"),)),
    ],
    ids=["not understood", "not stored"],
)
def test_a_record_replayed_in_vain_waits_again_with_its_new_reason(
    desk: Desk, still_wrong: object
) -> None:
    """Nothing is lost by trying."""
    _quarantine_one(desk)
    _ask_replay(desk, b"half mended")
    desk.gates["NL"].meanings[b"half mended"] = still_wrong  # type: ignore[assignment]
    replaying.replay(desk.bus, "NL", desk.gates["NL"])
    ((_, field),) = waiting(desk)
    (failed,) = desk.entries(EntryKind.QUARANTINE_REPLAY_FAILED)
    assert field == failed.facts["field"]
    assert field in {"number", "parts.fire"}


@pytest.mark.parametrize("mended", [b"mended", None])
def test_who_asked_for_a_replay_and_whether_it_was_mended_is_journalled(
    desk: Desk, mended: bytes | None
) -> None:
    """A record that a person has changed says so for good."""
    _quarantine_one(desk)
    _ask_replay(desk, mended)
    (asked,) = desk.entries(EntryKind.QUARANTINE_REPLAY_ASKED)
    assert (asked.facts["by"], asked.facts["mended"]) == ("ann", mended is not None)


@pytest.mark.parametrize("mended", [b"mended", None])
def test_a_record_whose_bytes_are_erased_cannot_be_replayed(
    desk: Desk, mended: bytes | None
) -> None:
    """There is nothing to read, and it does not hold up what there is."""
    _quarantine_one(desk)
    _erase_today(desk)
    with pytest.raises(NotAllowed, match="dismiss it"):
        _ask_replay(desk, mended)


def test_a_record_erased_while_it_waits_for_its_replay_holds_up_no_other(desk: Desk) -> None:
    """It comes back with the reason, and the next one is read."""
    _quarantine_one(desk)
    _ask_replay(desk, None)
    _erase_today(desk)
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 1
    assert waiting(desk) == [("r1", "retention day")]
    assert replaying.replay(desk.bus, "NL", desk.gates["NL"]) == 0


def test_a_dismissed_record_is_not_replayed(desk: Desk) -> None:
    """What a person has settled stays settled."""
    _quarantine_one(desk)
    (kept,) = board.quarantined(desk.bus, None, None, 1).items
    quarantining.dismiss(desk.bus, kept.id, "ann")
    with pytest.raises(Refused, match="Only a record that is waiting"):
        quarantining.ask_replay(desk.bus, kept.id, None, "ann")


def test_a_full_backlog_stops_the_pulling(desk: Desk) -> None:
    """Intake waits until the coordinators have caught up."""
    desk.leave("NL", report(at=IN_ZONE))
    desk.bus = _with_backlog(desk.bus, 1)
    desk.gates["NL"].pages.append(page("x", report("C-2", at=IN_ZONE)))
    with pytest.raises(Retry, match="wait for a decision"):
        intake.pull(desk.bus, "NL", desk.gates["NL"])
    deciding.decide(desk.bus)
    assert intake.pull(desk.bus, "NL", desk.gates["NL"]) == 1


def _with_backlog(bus: Bus, backlog: int) -> Bus:
    return attrs.evolve(bus, limits=attrs.evolve(bus.limits, backlog=backlog))


def _belgian(number: str, **changes: object) -> object:
    parts = (PartReport(discipline=Discipline.FIRE, centre="BE-1"),)
    return report(number, at=IN_ZONE, parts=parts, **changes)


def _accept_as(desk: Desk, number: str, at: object = NOON) -> None:
    filed = desk.file(report(at=ACROSS, times=times(at)))  # type: ignore[arg-type]
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
    taken = answer(AnswerKind.ACCEPT, handoff.id, case_number=number)
    answering.answer(desk.bus, taken, {"BE-1"})
    desk.settle()
    assert desk.notice(filed.id, NoticeKind.HANDOFF).state is NoticeState.TRANSFERRED


def _quarantine_one(desk: Desk, room: str = "NL") -> None:
    bad = Record(id="r1", raw=b"{", refusal=Refused("record", b"{", "Send JSON."))
    desk.gates[room].pages.append(Page(cursor="1", records=(bad,)))
    intake.pull(desk.bus, room, desk.gates[room])


def _erase_today(desk: Desk) -> None:
    with desk.bus.store.begin() as uow:
        desk.bus.store.keys.erase(uow.now.date())


def _ask_replay(desk: Desk, mended: bytes | None) -> None:
    (kept,) = board.quarantined(desk.bus, QuarantineState.WAITING, None, 1).items
    quarantining.ask_replay(desk.bus, kept.id, mended, "ann")
