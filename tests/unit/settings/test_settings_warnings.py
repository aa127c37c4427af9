"""What may be meant is a warning, and the bus starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from dispatch_bus.settings import Finding, GeographyFacts, Level, check, load, refuse_mistakes

Find = Callable[[str, str, str, str], Finding]
UNSERVED = """["ambulance"]
centre = "BE-112"
[[duty]]
areas = ["BE-1"]
disciplines = ["fire"]
unserved = "Closed."
"""

# What is edited: file, old, new. What is found: key, value, part of the remedy.
ROWS = [
    (
        "rooms.toml",
        "127.0.0.1:8431",
        "cad.example:8431",
        "room.NL.options.token",
        "simulated",
        "secret token from cad.example",
    ),
    (
        "rooms.toml",
        'token = "simulated"',
        'token = "simulated", timeout_s = 5',
        "room.NL.options.timeout_s",
        5,
        "shorter than delivery.deadline_s (5)",
    ),
    (
        "centres.toml",
        "confirmed = true",
        "confirmed = false",
        "centre.confirmed",
        "1 of 4 false",
        "confirmed = true",
    ),
    (
        "agreements.toml",
        "confirmed = true",
        "confirmed = false",
        "agreement.confirmed",
        "1 of 2 false",
        "confirmed = true",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "value", "remedy"), ROWS)
def test_a_doubt_is_a_warning(
    file: str, old: str, new: str, key: str, value: object, remedy: str, folder: Path, find: Find
) -> None:
    """A doubt is told with its remedy and keeps nothing from starting."""
    found = find(file, old, new, key)
    assert (found.file, found.level, found.value) == (file, Level.WARNING, value)
    assert remedy in found.remedy
    refuse_mistakes(folder, [found])
    load(folder)


def test_an_unserved_area_in_reach_is_a_warning(folder: Path, facts: GeographyFacts) -> None:
    """An agreement's zone that reaches an unserved area is worth a look, and told once."""
    file = folder / "responsibility.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('["fire", "ambulance"]\ncentre = "BE-112"', UNSERVED), "utf-8")
    findings = check(folder, facts, {"plain"})
    warned = [(one.key, one.value) for one in findings if one.level is Level.WARNING]
    assert warned == [("duty.3.unserved", "BE-1")]


def test_a_room_that_gives_up_sooner_than_the_bus_is_fine(
    folder: Path, facts: GeographyFacts, edit: Callable[[str, str, str], None]
) -> None:
    """Its adapter lives on, and one message has failed alone."""
    edit("rooms.toml", 'token = "simulated"', 'token = "simulated", timeout_s = 4.5')
    assert check(folder, facts, {"plain"}) == ()


def test_the_example_token_is_fine_on_this_machine(folder: Path, facts: GeographyFacts) -> None:
    """A simulated room on the loopback address may keep the token that everybody knows."""
    keys = [one.key for one in check(folder, facts, {"plain"})]
    assert "room.NL.options.token" not in keys


def test_zones_of_another_edition_are_a_warning(folder: Path, facts: GeographyFacts) -> None:
    """zones.toml may describe the next edition already, as long as the agreements fit both."""
    (found,) = check(folder, evolve(facts, label="before"), {"plain"})
    assert (found.key, found.value, found.level) == ("label", "test", Level.WARNING)
    lesser = {"NL-DE-15km": facts.zones["NL-DE-15km"]}
    keys = {
        one.key
        for one in check(folder, evolve(facts, label="before", zones=lesser), {"plain"})
        if one.level is Level.ERROR
    }
    assert "agreement.NL-BE-police.zone" in keys
