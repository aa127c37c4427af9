"""Each kind of misfit within one file, made once in a good folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch_bus.settings import ConfigurationWrong, Finding, Level, load

# What is edited: file, old, new. What is found: file, key, value, part of the remedy.
Row = tuple[str, str, str, str, str, object, str]
Find = Callable[[str, str, str, str], Finding]

ROWS: list[Row] = [
    (
        "zones.toml",
        "15000",
        "{ NL = 0, BE = 0 }",
        "zones.toml",
        "zone.NL-BE-15km.depth_m",
        {"NL": 0, "BE": 0},
        "100 to 50000 metres",
    ),
    ("bus.toml", "port = 8420", "prot = 8420", "bus.toml", "gateway.prot", 8420, '"port"'),
    ("bus.toml", "port = 8420\n", "", "bus.toml", "gateway.port", None, "Add this key"),
    (
        "bus.toml",
        "port = 8420",
        'port = "8420"',
        "bus.toml",
        "gateway.port",
        "8420",
        "whole number",
    ),
    ("bus.toml", "port = 8420", "port = 84200", "bus.toml", "gateway.port", 84200, "at most 65535"),
    (
        "bus.toml",
        "[log]",
        "[logs]",
        "bus.toml",
        "logs",
        {"format": "console", "level": "info"},
        '"log"',
    ),
    ("bus.toml", '"console"', '"yaml"', "bus.toml", "log.format", "yaml", "'console' or 'json'"),
    ("bus.toml", "wait_s = 1.0", "wait_s = 0", "bus.toml", "intake.wait_s", 0, "greater than 0"),
    ("bus.toml", "wait_s = 1.0", "wait_s = -1", "bus.toml", "intake.wait_s", -1, "greater than 0"),
    ("bus.toml", '"var"', '""', "bus.toml", "data.folder", "", "visible characters"),
    (
        "zones.toml",
        "label =",
        "label",
        "zones.toml",
        "line 2, column 7",
        'label "test"',
        "expected '='",
    ),
    (
        "rooms.toml",
        'id = "NL"',
        'id = "N L"',
        "rooms.toml",
        "room.N L.id",
        "N L",
        "letters, digits",
    ),
    (
        "rooms.toml",
        'country = "NL"',
        'country = "nl"',
        "rooms.toml",
        "room.NL.country",
        "nl",
        "ISO 3166",
    ),
    (
        "centres.toml",
        "lon = 4.5",
        "lon = 451",
        "centres.toml",
        "centre.NL-ALL.lon",
        451,
        "at most 180",
    ),
    (
        "centres.toml",
        "lon = 4.5",
        "lon = nan",
        "centres.toml",
        "centre.NL-ALL.lon",
        "nan",
        "finite",
    ),
    (
        "centres.toml",
        '"fire"',
        '"ems"',
        "centres.toml",
        "centre.NL-ALL.disciplines.1",
        "ems",
        "ambulance",
    ),
    (
        "centres.toml",
        '["nl", "fr-BE"]',
        "[]",
        "centres.toml",
        "centre.NL-ALL.languages",
        [],
        "at least 1",
    ),
    ("centres.toml", '"nl"', '"NL"', "centres.toml", "centre.NL-ALL.languages.1", "NL", "BCP 47"),
    (
        "centres.toml",
        "= true",
        '= "yes"',
        "centres.toml",
        "centre.NL-ALL.confirmed",
        "yes",
        "true or false",
    ),
    (
        "zones.toml",
        '["NL", "BE"]',
        '["NL"]',
        "zones.toml",
        "zone.NL-BE-15km.pair",
        ["NL"],
        "two different",
    ),
    (
        "zones.toml",
        '"NL-BE-15km"',
        '"NL/BE"',
        "zones.toml",
        "zone.NL/BE.id",
        "NL/BE",
        "without a slash",
    ),
    (
        "responsibility.toml",
        '["NL-1", "NL-2"]',
        '"NL-1"',
        "responsibility.toml",
        "duty.1.areas",
        "NL-1",
        "a list",
    ),
    (
        "agreements.toml",
        "start = 22:00:00",
        'start = "late"',
        "agreements.toml",
        "agreement.NL-BE-police.hours.start",
        "late",
        "time of day",
    ),
    (
        "codes/nl.toml",
        "priority = 1",
        "priority = 9",
        "codes/nl.toml",
        "code.A1.priority",
        9,
        "1, 2, 3 or 4",
    ),
]


def name(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) < 40 else None


@pytest.mark.parametrize(("file", "old", "new", "where", "key", "value", "remedy"), ROWS, ids=name)
def test_a_misfit_is_named_with_its_remedy(
    file: str, old: str, new: str, where: str, key: str, value: object, remedy: str, find: Find
) -> None:
    """What a file must not say is an error that names file, key, value and what to write."""
    found = find(file, old, new, key)
    assert (found.file, found.level, str(found.value)) == (where, Level.ERROR, str(value))
    assert remedy in found.remedy


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}:{row[4]}")
def test_loading_stops_at_a_misfit(
    row: Row, folder: Path, edit: Callable[[str, str, str], None]
) -> None:
    """A folder with a misfit is not loaded, and the error lists it."""
    edit(*row[:3])
    with pytest.raises(ConfigurationWrong) as wrong:
        load(folder)
    assert row[4] in [one.key for one in wrong.value.mistakes]
