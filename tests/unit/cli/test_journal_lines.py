"""One line for one journal entry: said in full, and harmless whatever stands in it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from entry_examples import FACTS, entry
from rich.cells import cell_len
from rich.text import Text

from dispatch_bus.application.feed import Told
from dispatch_bus.cli.lines import distance, line, told
from dispatch_bus.cli.safe import safe
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.kinds import EntryKind

# Ends a style that never began, opens one, links, clears the screen, rewrites the line above,
# turns the reading order round.
EVIL = "[/] [/red] [bold red] [link=http://x]\x1b[2J\r\x9b2J\n\u202e\\"


def plain(markup: str) -> str:
    """Return what a terminal shows of a line."""
    return Text.from_markup(markup).plain


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_is_said(kind: EntryKind) -> None:
    """Each line has the kind, something about it, and the correlation id."""
    shown = plain(told(entry(kind)))
    assert shown.startswith(kind.value)
    assert shown.endswith(" NL:r-1")
    assert shown.removeprefix(kind.value).removesuffix("NL:r-1").strip()


@pytest.mark.parametrize("kind", EntryKind)
def test_what_stands_in_an_entry_is_shown_and_does_nothing(kind: EntryKind) -> None:
    """Markup and control characters in any text of an entry neither stop nor fool the terminal."""
    evil = {name: spoilt(value) for name, value in FACTS[kind].items()}
    shown = plain(told(entry(kind, facts=evil, correlation=f"NL:{EVIL}")))
    assert "NL:[/] [/red] [bold red] [link=http://x]" in shown
    assert shown.isprintable()


def spoilt(value: Any) -> Any:
    """Return ``value`` with the evil text in place of every text."""
    if isinstance(value, dict):
        return {name: spoilt(one) for name, one in value.items()}
    if isinstance(value, list):
        return [spoilt(one) for one in value]
    # The side picks a field's name and is a code of the bus's own.
    return EVIL if isinstance(value, str) and value not in {"owner", "receiver"} else value


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_exercise_and_test_are_marked_first(mode: Mode) -> None:
    """Nobody can take them for real."""
    shown = plain(told(entry(EntryKind.HANDOFF_OFFERED, mode=mode)))
    assert shown.startswith(mode.value.upper())


def test_what_is_real_bears_no_mark() -> None:
    """The mark means something because it is not always there."""
    assert plain(told(entry(EntryKind.HANDOFF_OFFERED))).startswith("handoff.offered")


def test_what_was_not_delivered_says_whom_to_call() -> None:
    """NOT DELIVERED, CALL and the number of the end that it did not reach."""
    assert "NOT DELIVERED to BE-1: CALL +32 2" in told(entry(EntryKind.DELIVERY_OVERDUE))


def test_an_alarm_over_an_offer_says_both_numbers() -> None:
    """Both supervisors are to talk to each other."""
    shown = told(entry(EntryKind.ALARM_RAISED))
    assert "offer_expired: CALL owner +31 1, receiver +32 2" in shown


def test_a_border_zone_that_was_hit_is_named() -> None:
    """The line has the zone and how far the incident is from the border."""
    shown = plain(told(entry(EntryKind.MIRROR_OPENED)))
    assert "(border_zone BE-NL, 2.0 km from the border, be-nl-fire)" in shown


def test_where_no_zone_was_hit_none_is_named() -> None:
    """The line has the rule and the agreement alone."""
    shown = plain(told(entry(EntryKind.HANDOFF_PROPOSED)))
    assert "(border_zone, be-nl-fire)" in shown


def test_a_number_that_nobody_knows_is_said_to_be_missing() -> None:
    """The centre may have left the book since."""
    unknown = entry(EntryKind.DELIVERY_OVERDUE, facts={"receiver_phone": None})
    assert "CALL (no number known)" in told(unknown)


def test_a_kind_of_a_newer_release_is_shown_too() -> None:
    """A journal may hold kinds that this release does not know."""
    unknown = attrs.evolve(entry(EntryKind.ROOM_REACHABLE), kind="tide.turned[/]")
    assert plain(told(unknown)).startswith("tide.turned[/]")


def test_a_line_begins_with_number_and_time() -> None:
    """That is how two people talk about one entry."""
    shown = plain(line(Told(1234, 1, entry(EntryKind.ROOM_REACHABLE))))
    assert shown.split()[0] == "1234"
    assert ":00:00" in shown.split()[1]


@pytest.mark.parametrize(
    ("metres", "words"),
    [(None, ""), (0.0, "0 m"), (999.4, "999 m"), (1_000.0, "1.0 km"), (15_049.0, "15.0 km")],
)
def test_a_distance_is_said_as_people_do(metres: float | None, words: str) -> None:
    """Metres up to a kilometre, and then kilometres."""
    assert distance(metres) == words


@pytest.mark.parametrize("text", ["", "Lüttich", "a\\", "a\\[b]", "[", "]", "[x]", "消防", "\\[/]"])
def test_harmless_text_is_shown_as_it_is(text: str) -> None:
    """Nothing is lost of what a room writes, within other markup too."""
    assert plain(f"[dim]{safe(text)}[/] end") == f"{text} end"


def test_each_control_character_is_shown_as_a_dot() -> None:
    """A person sees that there was something."""
    shown = safe("a\nb\tc\x00d\x7fe\x9bf")
    assert shown == "a·b·c·d·e·f"
    assert cell_len(shown) == 11
