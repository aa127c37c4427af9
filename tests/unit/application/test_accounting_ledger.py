"""Accounting: the rooms' logs against the journal. One thing is put wrong, and it is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import define, field
from journal_making import Line, attempt, made, received, sent, trace, write

from dispatch_bus.application.accounting import Account, Received, Sent, settle
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.kinds import EntryKind


@define
class Books:
    """The journal and the rooms' logs of a short and faultless day."""

    journal: list[Line] = field(
        factory=lambda: [
            trace(EntryKind.INCIDENT_RECORDED, "NL", "1"),
            trace(EntryKind.INCIDENT_STUBBED, "NL", "2"),
            # Sent twice, since its confirmation was lost on the way.
            trace(EntryKind.INCIDENT_RECORDED, "NL", "3"),
            trace(EntryKind.INCIDENT_UNCHANGED, "NL", "3"),
            trace(EntryKind.RECORD_QUARANTINED, "NL", "4"),
            trace(EntryKind.RECORD_REPEATED, "NL", "4"),
            trace(EntryKind.INCIDENT_STALE, "NL", "5"),
            trace(EntryKind.INCIDENT_RECOGNISED, "BE", "1"),
            trace(EntryKind.ANSWER_RECEIVED, "BE", "2"),
            # The first attempt failed, and nobody knows how far.
            attempt("BE", "m1"),
            attempt("BE", "m1"),
            made("BE", "m1"),
            # Overtaken by m3 while it was under way: it arrived and changed nothing.
            attempt("DE", "m2"),
            attempt("DE", "m3"),
            made("DE", "m3"),
            # Still under way: the room has it, and the bus does not know yet.
            attempt("DE", "m4"),
        ]
    )
    sent: list[Sent] = field(
        factory=lambda: [*sent("NL", "1", "2", "3", "3", "4", "4", "5"), *sent("BE", "1", "2")]
    )
    received: list[Received] = field(
        factory=lambda: [
            received("BE", "m1"),
            received("DE", "m2", applied=0),
            received("DE", "m3"),
            received("DE", "m4"),
        ]
    )

    def account(self, bus: Bus) -> Account:
        """Settle the books as they stand."""
        write(bus, self.journal)
        return settle(bus, self.sent, self.received)


def test_a_faultless_day_adds_up(journal_bus: Bus) -> None:
    """Repeats, attempts that failed and what is still under way are no faults."""
    assert Books().account(journal_bus) == Account(lost=(), duplicated=(), refused=())


TRACES = [line for line in Books().journal if "record" in line.facts]


@pytest.mark.parametrize("gone", TRACES, ids=lambda it: f"{it.kind} {it.facts['record']}")
def test_a_record_without_its_trace_is_lost(journal_bus: Bus, gone: Line) -> None:
    """A confirmed record has as many entries as the room sent it, of whatever kind."""
    books = Books()
    books.journal.remove(gone)
    facts = gone.facts
    assert books.account(journal_bus).lost == (f"record {facts['room']}:{facts['record']}",)


def test_the_same_record_of_another_room_is_no_trace(journal_bus: Bus) -> None:
    """Each room counts its records by itself."""
    books = Books()
    books.sent += sent("DE", "1")
    assert books.account(journal_bus).lost == ("record DE:1",)


Mistake = Callable[[Books], object]
LOSSES: dict[str, tuple[Mistake, str]] = {
    "delivered, and its room never got it": (
        lambda books: books.received.remove(received("BE", "m1")),
        "message m1 to BE",
    ),
    "delivered, and another room got it": (
        lambda books: (
            books.journal.extend([attempt("LU", "m5"), made("LU", "m5")])
            or books.received.append(received("FR", "m5"))
        ),
        "message m5 to LU",
    ),
}
DUPLICATES: dict[str, tuple[Mistake, str]] = {
    "filed twice": (
        lambda books: books.journal.append(trace(EntryKind.INCIDENT_RECORDED, "NL", "1")),
        "record NL:1 filed",
    ),
    "filed as an incident and as a stub": (
        lambda books: books.journal.append(trace(EntryKind.INCIDENT_STUBBED, "NL", "1")),
        "record NL:1 filed",
    ),
    "quarantined twice": (
        lambda books: books.journal.append(trace(EntryKind.RECORD_QUARANTINED, "NL", "4")),
        "record NL:4 quarantined",
    ),
    "settled twice": (
        lambda books: books.journal.append(made("BE", "m1")),
        "message m1 to BE settled",
    ),
    "took effect twice": (
        lambda books: books.received.append(received("BE", "m1")),
        "message m1 to BE applied",
    ),
    "counted twice by the room": (
        lambda books: books.received.append(received("DE", "m2", applied=2)),
        "message m2 to DE applied",
    ),
    "never attempted": (
        lambda books: books.received.append(received("BE", "m9")),
        "message m9 to BE unannounced",
    ),
    "attempted for another room": (
        lambda books: books.received.append(received("DE", "m1")),
        "message m1 to DE unannounced",
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_message_that_did_not_arrive_is_lost(journal_bus: Bus, name: str) -> None:
    """What the journal calls delivered has to be in the log of that very room."""
    mistake, found = LOSSES[name]
    books = Books()
    mistake(books)
    assert found in books.account(journal_bus).lost


@pytest.mark.parametrize("name", DUPLICATES)
def test_what_happened_twice_or_unasked_is_found(journal_bus: Bus, name: str) -> None:
    """Whichever way it happened twice, it is named, and nothing is called lost."""
    mistake, found = DUPLICATES[name]
    books = Books()
    mistake(books)
    assert books.account(journal_bus) == Account(lost=(), duplicated=(found,), refused=())


def test_a_message_that_its_room_will_never_take_is_named(journal_bus: Bus) -> None:
    """It is neither lost nor doubled, and still somebody has not been told."""
    books = Books()
    books.journal.append(attempt("BE", "m7"))
    books.journal.append(Line(EntryKind.DELIVERY_UNDELIVERABLE, {"room": "BE", "message": "m7"}))
    assert books.account(journal_bus).refused == ("message m7 to BE",)
