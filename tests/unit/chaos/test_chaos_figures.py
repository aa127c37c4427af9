"""The figures of bad days, from moments that are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chaos.driving.logbook import Struck
from chaos.driving.outcome import (
    Story,
    Way,
    _Reader,
    blocked_s,
    longest_gap_s,
    percentiles,
    recovery_s,
    slowest,
    undisturbed,
)
from chaos.driving.plan import FaultKind

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.entry import Entry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(second: float) -> datetime:
    """Return a moment, in seconds from noon."""
    return NOON + timedelta(seconds=second)


def story(*ways: tuple[float, float]) -> Story:
    """Tell of things that became available and were had at these seconds."""
    return Story(
        ways=tuple(
            Way(available=at(start), recorded=at(start + 1), attempted=at(end - 1), had=at(end))
            for start, end in ways
        ),
        arrivals=tuple(at(end) for _, end in ways),
        kinds={},
        quarantined={},
        first=NOON,
        last=NOON,
    )


def entry(kind: EntryKind, when: datetime, facts: dict[str, object]) -> Entry:
    """Make a journal entry about one record."""
    return Entry(
        kind=kind,
        at=when,
        mode=Mode.ACTUAL,
        incident=None,
        notice=None,
        correlation="x",
        actor="a",
        facts=facts,
    )


def struck(begun: float, ended: float, kind: FaultKind = FaultKind.KILL_BROKER) -> Struck:
    """Make a fault between two seconds."""
    return Struck(number=1, kind=kind, target="b", begun=at(begun), ended=at(ended))


def test_recovery_counts_only_what_came_after_the_fault() -> None:
    """What was on its way before says nothing, however late it arrives."""
    assert recovery_s(story((0, 11), (12, 14), (13, 13.5)), struck(10, 12)) == 3.5


def test_a_revision_that_was_had_without_being_tried_is_no_riddle() -> None:
    """The word from an inbox goes by the newest revision, which may not have been tried yet."""
    reader = _Reader()
    told = {"available_at": at(1).isoformat()}
    reader.read(entry(EntryKind.INCIDENT_RECORDED, at(2), told))
    reader.read(entry(EntryKind.DELIVERY_MADE, at(4), {"received_at": at(3).isoformat()}))
    assert list(reader.ways()) == [
        Way(available=at(1), recorded=at(2), attempted=at(3), had=at(3)),
    ]


def test_nothing_after_a_fault_is_no_recovery() -> None:
    """No figure is made up where there is none."""
    assert recovery_s(story((0, 1)), struck(10, 12)) is None


def test_of_a_slow_recovery_is_told_what_was_slow() -> None:
    """How far the bus came when, and what else there was."""
    kill, frozen = struck(10, 12), struck(8, 40, FaultKind.FREEZE_INTAKE)
    ways = story((0, 5), (9.5, 13), (11, 25))
    (line,) = slowest(ways, [kill, frozen], {FaultKind.KILL_BROKER})
    assert (line["recorded_s"], line["attempted_s"], line["recovery_s"]) == (2, 14, 15)
    assert line["waiting"] == 1
    assert line["beside"] == ["freeze intake -2.0 to +30.0 s"]


def test_the_longest_gap_counts_from_the_beginning() -> None:
    """The time until the first delivery is a gap like any other."""
    moments = [at(second) for second in (0, 1, 7, 8, 20)]
    assert longest_gap_s(moments, at(2), at(9)) == 5


def test_the_longest_gap_ends_with_the_last_delivery() -> None:
    """After everything was delivered, nobody waited."""
    moments = [at(second) for second in (0, 1)]
    assert longest_gap_s(moments, at(0.5), at(100)) == 0.5
    assert longest_gap_s(moments, at(50), at(100)) == 0


def test_who_waits_for_the_database_is_not_blocked_by_another_fault() -> None:
    """A fault that begins in its absence is not measured; one before it only until then."""
    away = struck(20, 50, FaultKind.FREEZE_DATABASE)
    before, within = struck(10, 15), struck(30, 60)
    assert undisturbed([before, away, within]) == [before, away]
    assert blocked_s(story((0, 12), (52, 53)), before, [before, away]) == 8


def test_percentiles_are_values_that_were_there() -> None:
    """The largest is the largest, and of nothing there are none."""
    assert percentiles([3, 1, 2]) == {"p50": 2, "p95": 3, "max": 3}
    assert percentiles([])["p95"] is None
