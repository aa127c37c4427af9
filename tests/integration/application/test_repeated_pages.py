"""Pages that a room sends again, and pages that it cannot send whole."""

from __future__ import annotations

from contextlib import suppress

import pytest
from making.gates import ScriptedGate, page, told
from making.values import report
from making.wiring import Desk, MakeBus
from making.world import FAR_INSIDE, IN_ZONE

from dispatch_bus.application import board
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.intake import pull
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.place import Position
from dispatch_bus.sdk.page import Page, Record


def broken(cursor: str, raw: bytes) -> Page:
    """Make a page of one record that cannot be read."""
    refusal = Refused("record", raw, "Send JSON.")
    return Page(cursor=cursor, records=(Record(id="r-1", raw=raw, refusal=refusal),))


def test_a_broken_record_that_comes_again_is_kept_once(bus: Bus) -> None:
    """The same bytes under the same name are in quarantine already."""
    gate = ScriptedGate()
    gate.pages += [broken("1", b"{"), broken("0", b"{"), broken("1", b"{{")]
    for _ in range(3):
        pull(bus, "NL", gate)

    assert sorted(one.bytes for one in board.quarantined(bus, None, None, 10).items) == [1, 2]


def test_a_room_that_failed_is_asked_for_more_with_each_page(bus: Bus) -> None:
    """What failed may be the size of the page, so it grows from the smallest there is."""
    gate = ScriptedGate()
    sent = [page(str(number), report()) for number in range(8)]
    gate.pages += [
        Retry("no answer"),
        *sent[:3],
        page("2"),
        *sent[3:],
        Retry("too much"),
        page("7"),
    ]
    while gate.pages:
        with suppress(Retry):
            pull(bus, "NL", gate)

    assert gate.limits == [100, 1, 2, 4, 8, 8, 16, 32, 64, 100, 100, 1]


def test_a_room_that_another_process_found_failing_is_asked_for_one_record(
    bus: Bus, another_bus: MakeBus
) -> None:
    """Whoever reads it next has not seen how it failed."""
    gate = ScriptedGate()
    gate.pages += [Retry("no answer"), page("1", report())]
    with pytest.raises(Retry):
        pull(bus, "NL", gate)
    pull(another_bus(), "NL", gate)

    assert gate.limits == [100, 1, 2]


@pytest.mark.parametrize("at", [IN_ZONE, FAR_INSIDE], ids=["whole", "stub"])
@pytest.mark.parametrize("pages", [[3], [2, 1], [1, 1, 1]], ids=str)
def test_an_uncounted_record_that_comes_again_is_old(
    desk: Desk, at: Position, pages: list[int]
) -> None:
    """Without revision numbers a repeated record does not undo the one that came after it."""
    first = told("r-1", report("C-1", at=at, hazards=("UN 1203",)))
    second = told("r-2", report("C-1", at=at, hazards=("UN 1005",)))
    records = [first, second, first]
    for place, size in enumerate(pages):
        taken, records = tuple(records[:size]), records[size:]
        desk.gates["NL"].pages.append(Page(cursor=f"{place}", records=taken))
        pull(desk.bus, "NL", desk.gates["NL"])

    assert desk.filed("C-1").revision == 2
    assert len(desk.entries(EntryKind.INCIDENT_STALE)) == 1


def test_an_uncounted_record_that_brought_nothing_new_is_old_when_it_comes_again(
    desk: Desk,
) -> None:
    """What repeated the first record does not undo the one after it."""
    first = report("C-1", at=IN_ZONE, hazards=("UN 1203",))
    second = report("C-1", at=IN_ZONE, hazards=("UN 1005",))
    names = (("r-1", first), ("r-2", first), ("r-3", second), ("r-2", first))
    records = tuple(told(name, each) for name, each in names)
    desk.gates["NL"].pages.append(Page(cursor="1", records=records))
    pull(desk.bus, "NL", desk.gates["NL"])

    assert desk.filed("C-1").report == second
