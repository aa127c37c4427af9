"""Mistakes that show only against the built zones and the installed adapters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch_bus.domain.codes import Discipline
from dispatch_bus.settings import Finding, GeographyFacts, Level, check, load

# What is edited: file, old, new. What is found: file, key, value, part of the remedy.
Row = tuple[str, str, str, str, str, object, str]
Find = Callable[[str, str, str, str], Finding]

ROWS: list[Row] = [
    ("rooms.toml", '"plain"', '"plan"', "rooms.toml", "room.NL.adapter", "plan", '"plain"'),
    (
        "zones.toml",
        '["NL", "DE"]',
        '["BE", "DE"]',
        "zones.toml",
        "zone.NL-DE-15km.pair",
        ["BE", "DE"],
        "build them again",
    ),
    (
        "zones.toml",
        "15000",
        "{ NL = 15000, BE = 0 }",
        "zones.toml",
        "zone.NL-BE-15km.depth_m",
        {"NL": 15_000, "BE": 0},
        "build them again",
    ),
    (
        "zones.toml",
        "depth_m = 15000",
        'depth_m = 15000\n[[special]]\nid = "BRIDGE"\ncountries = ["NL", "BE"]',
        "zones.toml",
        "special.BRIDGE.countries",
        ["NL", "BE"],
        "build them again",
    ),
    (
        "centres.toml",
        '"NL-1", ',
        '"NL-1", "NL-7", ',
        "centres.toml",
        "centre.NL-ALL.catchment",
        "NL-7",
        "NL-",
    ),
    (
        "centres.toml",
        '"NL-1", ',
        '"NL-1", "EXCLAVE", ',
        "centres.toml",
        "centre.NL-ALL.catchment",
        "EXCLAVE",
        "This area is in BE",
    ),
    (
        "responsibility.toml",
        '"BE-9"',
        '"BE-8"',
        "responsibility.toml",
        "duty.4.areas",
        "BE-8",
        '"BE-9"',
    ),
    (
        "responsibility.toml",
        '["BE-1"]\ndisciplines = ["fire", "ambulance"]',
        '["BE-1"]\ndisciplines = ["ambulance"]',
        "responsibility.toml",
        "duty of BE-1 for fire",
        None,
        "NL-BE-15km reaches it",
    ),
    (
        "centres.toml",
        'disciplines = ["fire", "ambulance"]\ncatchment',
        'disciplines = ["maritime", "fire", "ambulance"]\ncatchment',
        "responsibility.toml",
        "duty of BE-1 for maritime",
        None,
        "Add a duty",
    ),
    (
        "responsibility.toml",
        'centre = "BE-101"\nbackup = "BE-102"',
        'unserved = "Closed."',
        "agreements.toml",
        "agreement.NL-BE-police.zone",
        "NL-BE-15km",
        "No centre in BE",
    ),
]


def name(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) < 40 else None


@pytest.mark.parametrize(("file", "old", "new", "where", "key", "value", "remedy"), ROWS, ids=name)
def test_a_misfit_with_the_world_is_named_with_its_remedy(
    file: str, old: str, new: str, where: str, key: str, value: object, remedy: str, find: Find
) -> None:
    """What the world does not have is an error that names file, key, value and what to do."""
    found = find(file, old, new, key)
    assert (found.file, found.level, str(found.value)) == (where, Level.ERROR, str(value))
    assert remedy in found.remedy


def test_a_special_zone_can_have_a_duty(
    folder: Path, facts: GeographyFacts, edit: Callable[[str, str, str], None]
) -> None:
    """A special zone is an area of its own where its centre's catchment holds it."""
    edit("centres.toml", '["BE-1"]', '["BE-1", "EXCLAVE"]')
    edit("responsibility.toml", '["BE-1"]', '["BE-1", "EXCLAVE"]')
    assert check(folder, facts, {"plain"}) == ()
    assert load(folder).book.duties["EXCLAVE", Discipline.FIRE].centre == "BE-112"
