"""Personal fields are ciphertext wherever they lie, and gone when their key is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from making.gates import told
from making.values import answer, personal, report
from making.wiring import Desk, MakeBus
from making.world import ACROSS, EVERYTHING, FAR_INSIDE, IN_ZONE, ON_BORDER, agreement, book
from structlog.testing import capture_logs

from dispatch_bus.application import answering, board, intake, quarantining
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import AnswerKind, NoticeKind
from dispatch_bus.domain.report import Personal
from dispatch_bus.sdk.page import Page, Record

SECRET = "SECRETMARKER"
_COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY 1, 2
"""


def everything(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Yield (table.column, bytes) of every value in the database."""
    with desk.bus.store.begin() as uow:
        run = uow._connection.exec_driver_sql
        for table, column, kind in run(_COLUMNS).all():
            value = column if kind == "bytea" else f"convert_to({column}::text, 'UTF8')"
            query = f"SELECT {value} FROM {table} WHERE {column} IS NOT NULL"
            for (found,) in run(query):
                yield f"{table}.{column}", bytes(found)


def where(desk: Desk, marker: str) -> set[str]:
    """Return the columns in which a text stands in the clear."""
    return {place for place, value in everything(desk) if marker.encode() in value}


def fill(desk: Desk) -> None:
    """Bring personal data into every table that could hold it."""
    terms = agreement("BE", "NL", mirror_fields=EVERYTHING, offers_automatically=True)
    desk.with_book(book(terms))
    filed = desk.file(report("C-1", at=ACROSS, personal=personal(SECRET)))
    desk.file(report("C-1", at=ON_BORDER, personal=personal(f"{SECRET}2")))
    desk.file(report("C-2", at=FAR_INSIDE, personal=personal(SECRET)))
    bad = Record(id="bad", raw=SECRET.encode(), refusal=Refused("name", SECRET, "Mend it."))
    desk.gates["NL"].pages.append(Page(cursor="x", records=(bad,)))
    intake.pull(desk.bus, "NL", desk.gates["NL"])
    (kept,) = board.quarantined(desk.bus, None, None, 1).items
    quarantining.ask_replay(desk.bus, kept.id, f"mended {SECRET}".encode(), "ann")
    desk.gates["BE"].failures = [Refused("content.people[0].name", SECRET, "Shorten it.")]
    desk.deliver("BE")
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF).id
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff, by="desk-1"), {"BE-1"})


@pytest.mark.parametrize("sealed", [False, True], ids=["waiting for the seal", "sealed"])
def test_no_personal_field_stands_in_the_clear_anywhere(desk: Desk, sealed: bool) -> None:
    """Every column of every table is searched, the journal and what waits for it included."""
    fill(desk)
    if sealed:
        desk.entries()
    assert where(desk, "Fire in a building"), "the search finds what is not personal"
    assert where(desk, SECRET) == set()


def test_a_value_in_the_wrong_field_does_not_leak_through_its_refusal(desk: Desk) -> None:
    """The reason names the field; what stood there is sealed with the bytes."""
    raw = f'{{"event": "{SECRET}"}}'.encode()
    reason = Refused("times.event", SECRET, "Send a time with its UTC offset (RFC 3339).")
    desk.gates["NL"].pages.append(
        Page(cursor="1", records=(Record(id="r1", raw=raw, refusal=reason), told("r2", report())))
    )
    intake.pull(desk.bus, "NL", desk.gates["NL"])
    assert where(desk, "times.event")
    assert where(desk, SECRET) == set()


def test_no_word_of_a_room_that_refuses_or_fails_is_kept(desk: Desk) -> None:
    """A remedy, a cursor and the text of a failure may quote what the room was told."""
    desk.gates["NL"].pages += [Refused("cursor", SECRET, SECRET), Retry(SECRET)]
    for kind in (Refused, Retry):
        with pytest.raises(kind):
            intake.pull(desk.bus, "NL", desk.gates["NL"])
    desk.file(report(at=IN_ZONE))
    desk.gates["BE"].failures = [Retry(SECRET), Refused("to", SECRET, SECRET)]
    desk.deliver("BE")
    desk.deliver("BE")
    assert desk.entries(EntryKind.DELIVERY_FAILED)
    assert desk.entries(EntryKind.DELIVERY_UNDELIVERABLE)
    assert where(desk, SECRET) == set()


def test_the_report_comes_back_whole_while_its_key_is_there(desk: Desk) -> None:
    """Sealing loses nothing."""
    whole = report(at=IN_ZONE, personal=personal(SECRET))
    assert desk.file(whole).report == whole


def test_without_its_key_the_personal_fields_are_gone_and_the_rest_stays(desk: Desk) -> None:
    """Erasure ends the person's data and not the incident."""
    filed = desk.file(report(at=IN_ZONE, personal=personal(SECRET)))
    desk.bus.store.keys.erase(filed.key.day)
    left = desk.filed("C-1").report
    assert left is not None
    assert left.personal == Personal()
    assert left.place == report(at=IN_ZONE).place


def test_a_lost_key_keeps_no_part_from_moving_and_nothing_is_overwritten(
    desk: Desk, tmp_path: Path
) -> None:
    """Its case is delivered, answered and handed over; the key comes back and opens it all."""
    desk.with_book(book(agreement("BE", "NL", offers_automatically=True)))
    filed = desk.file(report(at=ACROSS, personal=personal(SECRET)))
    (key,) = (tmp_path / "keys").glob("day-*.key")
    lost = key.rename(tmp_path / "lost")
    assert desk.deliver("BE") > 0
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF).id
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff, by="desk-1"), {"BE-1"})
    desk.settle()
    lost.rename(key)
    found = desk.filed("C-1")
    assert (found.parts[0].owner, found.report) == ("BE-1", filed.report)


def test_a_bad_record_whose_first_copy_cannot_be_read_is_kept_again(desk: Desk) -> None:
    """What its day's key would tell is lost; the page is stored, and not asked for again."""
    bad = Record(id="bad", raw=SECRET.encode(), refusal=Refused("name", SECRET, "Mend it."))
    for cursor in ("1", "2"):
        desk.gates["NL"].pages.append(Page(cursor=cursor, records=(bad,)))
        assert intake.pull(desk.bus, "NL", desk.gates["NL"]) == 1
        with desk.bus.store.begin() as uow:
            # As if it had come the day before, whose key is not there.
            uow._connection.exec_driver_sql("UPDATE quarantine SET key_day = key_day - 1")
    assert len(board.quarantined(desk.bus, None, None, 10).items) == 2


@pytest.mark.parametrize("is_erased", [True, False], ids=["erased", "lost"])
def test_nothing_is_stored_without_the_key_of_today_and_all_is_once_there_is_one(
    desk: Desk, another_bus: MakeBus, is_erased: bool
) -> None:
    """A person is told what to do; nobody's record is blamed, quarantined or left behind."""
    known = desk.file(report("C-1", at=IN_ZONE, personal=personal(SECRET)))
    ring = desk.bus.store.keys
    if is_erased:
        ring.erase(known.key.day)
    else:
        ring._path(known.key.day).unlink()
    bad = Record(id="bad", raw=SECRET.encode(), refusal=Refused("name", SECRET, "Mend it."))
    new = told("new", report("C-2", at=IN_ZONE, personal=personal(SECRET)))
    pages = [Page(cursor="1", records=(new, bad)), Page(cursor="1", records=(bad,))]
    for asked_again in pages:
        desk.gates["NL"].pages.append(asked_again)
        with capture_logs() as logs, pytest.raises(Retry, match="erased or lost"):
            intake.pull(desk.bus, "NL", desk.gates["NL"])
        assert any("operator.md" in one.get("remedy", "") for one in logs)
    assert not board.quarantined(desk.bus, None, None, 10).items

    ring._path(known.key.day).unlink(missing_ok=True)
    desk.bus = another_bus()
    desk.gates["NL"].pages.append(pages[0])
    assert intake.pull(desk.bus, "NL", desk.gates["NL"]) == 2
    assert desk.filed("C-2").report is not None
    assert len(board.quarantined(desk.bus, None, None, 10).items) == 1


def test_an_incident_outlives_its_key(desk: Desk) -> None:
    """A case that goes on after its day was erased is revised, decided and handed over still."""
    filed = desk.file(report(at=ACROSS, personal=personal(SECRET)))
    # As if its first day were long past: the key of today is another one.
    old = desk.bus.store.keys.new_incident_key(filed.key.day.replace(year=2020))
    with desk.bus.store.begin() as uow:
        uow._connection.exec_driver_sql(
            "UPDATE incident SET key_day = %s, key_wrapped = %s", (old.day, old.wrapped)
        )
    desk.bus.store.keys.erase(old.day)
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF).id
    answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff), {"NL-1"})
    answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff), {"BE-1"})
    desk.settle()
    assert desk.filed("C-1").parts[0].owner == "BE-1"

    revised = desk.file(report(at=ACROSS, personal=personal("NEW")))
    assert revised.report is not None
    assert revised.report.personal == personal("NEW")
