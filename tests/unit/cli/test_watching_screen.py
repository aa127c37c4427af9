"""What the terminal shows: whole at each width, honest when it is empty or old."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import attrs
import pytest
from entry_examples import entry
from making.values import NOON, handoff
from rich.cells import cell_len
from rich.console import Console

from dispatch_bus.application.watching import Glance, Waiting
from dispatch_bus.cli.screen import Screen
from dispatch_bus.cli.supervise import Change, State
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import NoticeState
from dispatch_bus.store.rooms import RoomState

WIDTHS = [80, 120, 200]
HEIGHT = 50
LOWEST = 24


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def room(name: str = "NL", **changes: Any) -> RoomState:
    """Return a room that was read a second ago."""
    usual: dict[str, Any] = {
        "id": name,
        "cursor": "1",
        "pages": 1,
        "confirmed_pages": 1,
        "records": 1_234_567,
        "pulled_at": NOON - timedelta(seconds=1),
        "failing_since": None,
    }
    return RoomState(**usual | changes)


def glance(**changes: Any) -> Glance:
    """Return a look at a bus at which nothing has happened."""
    usual: dict[str, Any] = {
        "now": NOON,
        "last": 0,
        "entries": (),
        "unsealed": 0,
        "undecided": 0,
        "rooms": (),
        "waiting": {},
        "notices": {},
        "handoffs": (),
        "quarantined": 0,
    }
    return Glance(**usual | changes)


def busy() -> Glance:
    """Return a look at a bus where a lot is going on."""
    offered = [
        handoff(
            state=NoticeState.OFFERED,
            owner="DE-LST-STAEDTEREGION-AACHEN",
            receiver="BE-112-LIEGE-LUETTICH",
            opened_at=NOON - timedelta(minutes=minutes),
            deadline=NOON + timedelta(seconds=30 - minutes),
        )
        for minutes in range(40)
    ]
    return glance(
        last=12_345_678,
        entries=tuple(entry(kind) for kind in EntryKind),
        undecided=4_321,
        rooms=(room(), room("DE", failing_since=NOON - timedelta(minutes=7)), room("FR")),
        waiting={"FR": Waiting(count=12_345, since=NOON - timedelta(hours=3))},
        notices={("mirror", "opened"): 123_456, ("handoff", "offered"): 40},
        handoffs=tuple(offered),
        quarantined=77,
    )


def shown(screen: Screen, width: int = 120, height: int = HEIGHT) -> list[str]:
    """Return the lines that the screen draws on a terminal of this width."""
    console = Console(record=True, width=width, height=height, file=io.StringIO())
    console.print(screen.draw(console))
    return console.export_text().rstrip("\n").split("\n")


def text(screen: Screen, width: int = 120) -> str:
    """Return the same as one text, with its spaces and line ends as single spaces."""
    return " ".join(" ".join(shown(screen, width)).split())


@pytest.fixture
def clock() -> Clock:
    """The screen's clock."""
    return Clock()


@pytest.fixture
def screen(clock: Clock) -> Screen:
    """A screen of a bus that runs."""
    made = Screen(clock)
    for name in ("postgres", "services", "gateway", *(f"room {one}" for one in ["NL", "BE", "LU"])):
        made.process(Change(name, State.READY, 1))
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_a_busy_screen_fits_its_terminal(screen: Screen, width: int) -> None:
    """No line is longer than the terminal is wide, and there are no more than it is high."""
    screen.see(busy())
    lines = shown(screen, width)
    assert max(map(cell_len, lines)) <= width
    assert len(lines) <= HEIGHT


def test_a_small_terminal_shows_what_happens_under_a_long_queue(screen: Screen) -> None:
    """The queue gives way: rooms, oldest handoffs and newest events all have their place."""
    rooms = tuple(room(one) for one in ("BE", "DE", "FR", "LU", "NL"))
    screen.see(attrs.evolve(busy(), rooms=rooms))
    lines = shown(screen, 80, LOWEST)
    assert len(lines) <= LOWEST
    assert lines[-1].startswith("╰")
    assert sum("offered" in line and "late" in line for line in lines) >= 2
    assert sum(line.startswith("│") for line in lines) >= 3


@pytest.mark.parametrize("width", WIDTHS)
def test_each_row_of_a_busy_screen_is_one_line(screen: Screen, width: int) -> None:
    """A handoff stands beside its state and deadline; a room beside what it lacks."""
    screen.see(busy())
    lines = shown(screen, width)
    rows = [line for line in lines if "offered" in line and " s l" in line]
    assert len(rows) == 8
    (late,) = [line for line in lines if "12345, oldest" in line]
    assert "FR" in late
    assert "180 min" in late
    (down,) = [line for line in lines if "DOWN" in line]
    assert "7 min" in down


def test_the_oldest_handoffs_are_shown_and_the_others_counted(screen: Screen) -> None:
    """What does not fit is not passed over in silence."""
    screen.see(busy())
    said = text(screen)
    assert "39 min" in said
    assert "and 32 more" in said


@pytest.mark.parametrize("width", WIDTHS)
def test_an_empty_board_says_that_it_is_empty(screen: Screen, width: int) -> None:
    """Nothing to show is said in words, so that it cannot be a screen that failed to draw."""
    screen.see(glance())
    said = text(screen, width)
    assert "No room has been read yet." in said
    assert "No handoff waits for anybody." in said
    assert "Nothing yet." in said


def test_a_screen_that_has_seen_nothing_does_not_look_quiet(screen: Screen) -> None:
    """Before the first look there is no board at all."""
    said = text(screen)
    assert "Nothing has been seen of the bus yet." in said
    assert "Handoff queue" not in said


def test_a_current_screen_says_of_when_it_is(screen: Screen, clock: Clock) -> None:
    """By the database's clock, as every age on it."""
    screen.see(glance(now=NOON))
    clock.now_s += 1.0
    said = text(screen)
    assert f"As of {NOON.astimezone():%H:%M:%S}" in said
    assert "NOT CURRENT" not in said


@pytest.mark.parametrize("width", WIDTHS)
def test_old_data_is_marked_with_its_age(screen: Screen, clock: Clock, width: int) -> None:
    """While the database is away the board stays, and says first of all that it is old."""
    screen.see(busy())
    clock.now_s += 47.0
    lines = shown(screen, width)
    (place,) = [at for at, line in enumerate(lines) if "NOT CURRENT" in line]
    assert f"as of {NOON.astimezone():%H:%M:%S}, 47 s ago" in lines[place]
    assert place < min(at for at, line in enumerate(lines) if "Rooms" in line)


def test_a_new_look_makes_the_screen_current_again(screen: Screen, clock: Clock) -> None:
    """The mark goes when its reason has gone."""
    screen.see(glance())
    clock.now_s += 47.0
    screen.see(glance())
    assert "NOT CURRENT" not in text(screen)


def test_a_process_that_died_is_shown(screen: Screen) -> None:
    """Its state is drawn from the supervisor's word, not from the bus's."""
    screen.process(Change("services", State.DIED, 1, "signal SIGKILL"))
    console = Console(record=True, width=120, file=io.StringIO(), force_terminal=True)
    console.print(screen.draw(console))
    assert "\x1b[31m● services" in console.export_text(styles=True)


def test_what_a_room_writes_cannot_break_the_screen(screen: Screen) -> None:
    """A record id that ends a style which never began is only text."""
    screen.see(glance(entries=(entry(EntryKind.RECORD_QUARANTINED, correlation="NL:[/] x"),)))
    assert "NL:[/] x" in text(screen, 200)


def test_only_what_a_person_follows_is_told(screen: Screen) -> None:
    """Attempts and decisions are in the journal; the screen has room for what they lead to."""
    kinds = (EntryKind.DELIVERY_ATTEMPTED, EntryKind.HANDOFF_OFFERED, EntryKind.INCIDENT_DECIDED)
    new = screen.see(glance(entries=tuple(map(entry, kinds))))
    assert len(new) == 1
    assert "handoff.offered" in new[0]
