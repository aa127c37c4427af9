"""Each kind of contradiction between entries and files, made once in a good folder."""

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
        "depth_m = 15000",
        'depth_m = 15000\ndisciplines = ["fire"]',
        "agreements.toml",
        "agreement.NL-BE-police.zone",
        "NL-BE-15km",
        "not for police",
    ),
    (
        "bus.toml",
        "wait_s = 1.0",
        "wait_s = 10",
        "bus.toml",
        "intake.wait_s",
        10.0,
        "intake.deadline_s",
    ),
    (
        "bus.toml",
        "retry_first_s = 0.5",
        "retry_first_s = 60",
        "bus.toml",
        "delivery.retry_first_s",
        60.0,
        "retry_longest_s",
    ),
    (
        "bus.toml",
        'url = ""',
        'url = "db/bus"',
        "bus.toml",
        "store.url",
        "no scheme",
        "postgresql://",
    ),
    (
        "bus.toml",
        "8421",
        "8420",
        "bus.toml",
        "metrics.bus_port",
        8420,
        "gateway.port has this port",
    ),
    (
        "bus.toml",
        "8420",
        "8431",
        "rooms.toml",
        "room.NL.options.url",
        "http://127.0.0.1:8431",
        "gateway.port in bus.toml",
    ),
    ("rooms.toml", 'id = "BE"', 'id = "NL"', "rooms.toml", "room.id", "NL", "2 times"),
    ("rooms.toml", '"nl"', '"ln"', "rooms.toml", "room.NL.codes", "ln", "be, nl"),
    ("rooms.toml", "28992", "28991", "rooms.toml", "room.NL.epsg", 28991, "28992"),
    (
        "rooms.toml",
        "http://127.0.0.1:8431",
        "127.0.0.1:8431",
        "rooms.toml",
        "room.NL.options.url",
        "127.0.0.1:8431",
        "whole address",
    ),
    (
        "rooms.toml",
        ":8432",
        ":8431/",
        "rooms.toml",
        "room.BE.options.url",
        "http://127.0.0.1:8431",
        "Room NL has this address",
    ),
    ("codes/nl.toml", '"A2"', '"A1"', "codes/nl.toml", "code", "A1", "2 times"),
    (
        "zones.toml",
        '"NL-DE-15km"',
        '"NL-BE-15km"',
        "zones.toml",
        "zone.id",
        "NL-BE-15km",
        "2 times",
    ),
    ("centres.toml", '"BE-102"', '"BE-101"', "centres.toml", "centre.id", "BE-101", "2 times"),
    (
        "centres.toml",
        'room = "NL"',
        'room = "N"',
        "centres.toml",
        "centre.NL-ALL.room",
        "N",
        '"NL"',
    ),
    (
        "centres.toml",
        'room = "NL"',
        'room = "BE"',
        "centres.toml",
        "centre.NL-ALL.room",
        "BE",
        "one in NL",
    ),
    (
        "centres.toml",
        'name = "Desk", disciplines = ["fire", "ambulance", "police"]',
        'name = "Desk", disciplines = ["fire", "ambulance"]',
        "centres.toml",
        "centre.NL-ALL.desks",
        "police",
        "Name a desk",
    ),
    (
        "centres.toml",
        'name = "Desk", disciplines = ["police"]',
        'name = "Desk", disciplines = ["police", "fire"]',
        "centres.toml",
        "centre.BE-101.desks",
        "fire",
        "Take it from the desk",
    ),
    (
        "responsibility.toml",
        'centre = "NL-ALL"',
        'centre = "NL-ALL"\nunserved = "No."',
        "responsibility.toml",
        "duty.1.centre",
        "NL-ALL",
        "either a centre, or a reason",
    ),
    (
        "responsibility.toml",
        'centre = "NL-ALL"',
        "",
        "responsibility.toml",
        "duty.1.centre",
        None,
        "either a centre",
    ),
    (
        "responsibility.toml",
        'unserved = "Far',
        'backup = "BE-112"\nunserved = "Far',
        "responsibility.toml",
        "duty.4.backup",
        "BE-112",
        "Remove it",
    ),
    (
        "responsibility.toml",
        'disciplines = ["police"]',
        'disciplines = ["police", "fire"]',
        "responsibility.toml",
        "duty.3.areas",
        "BE-1",
        "duty.2 decides BE-1 for fire too",
    ),
    (
        "responsibility.toml",
        '"BE-112"',
        '"BE-12"',
        "responsibility.toml",
        "duty.2.centre",
        "BE-12",
        '"BE-112"',
    ),
    (
        "responsibility.toml",
        '"BE-112"',
        '"BE-101"',
        "responsibility.toml",
        "duty.2.centre",
        "BE-101",
        "no ambulance or fire",
    ),
    (
        "responsibility.toml",
        '"NL-2"]',
        '"BE-9"]',
        "responsibility.toml",
        "duty.1.areas",
        "BE-9",
        "catchment of NL",
    ),
    (
        "responsibility.toml",
        '"BE-102"',
        '"BE-101"',
        "responsibility.toml",
        "duty.3.backup",
        "BE-101",
        "for itself",
    ),
    (
        "responsibility.toml",
        '"BE-102"',
        '"NL-ALL"',
        "responsibility.toml",
        "duty.3.backup",
        "NL-ALL",
        "in BE",
    ),
    (
        "responsibility.toml",
        '"BE-102"',
        '"BE-112"',
        "responsibility.toml",
        "duty.3.backup",
        "BE-112",
        "no police",
    ),
    (
        "responsibility.toml",
        '"BE-102"',
        '"BE-02"',
        "responsibility.toml",
        "duty.3.backup",
        "BE-02",
        '"BE-102"',
    ),
    (
        "agreements.toml",
        "NL-BE-fire",
        "NL-BE-police",
        "agreements.toml",
        "agreement.id",
        "NL-BE-police",
        "2 t",
    ),
    (
        "agreements.toml",
        'discipline = "fire"',
        'discipline = "police"',
        "agreements.toml",
        "agreement.NL-BE-fire.pair",
        ["NL", "BE"],
        "NL-BE-police settles police",
    ),
    (
        "agreements.toml",
        'zone = "NL-BE-15km"',
        'zone = "NL-BE-51km"',
        "agreements.toml",
        "agreement.NL-BE-police.zone",
        "NL-BE-51km",
        '"NL-BE-15km"',
    ),
    (
        "agreements.toml",
        'zone = "NL-BE-15km"',
        'zone = "NL-DE-15km"',
        "agreements.toml",
        "agreement.NL-BE-police.zone",
        "NL-DE-15km",
        "not between NL and BE",
    ),
    (
        "agreements.toml",
        '"A law"',
        '" "',
        "agreements.toml",
        "agreement.NL-BE-police.data_regime",
        " ",
        "under which people may travel",
    ),
    (
        "agreements.toml",
        "end = 06:00:00",
        "end = 22:00:00",
        "agreements.toml",
        "agreement.NL-BE-police.hours.end",
        "22:00:00",
        "never applies",
    ),
    (
        "agreements.toml",
        '"nothing"',
        '"centre"',
        "agreements.toml",
        "agreement.NL-BE-police.no_location_centre",
        None,
        "Add it",
    ),
    (
        "agreements.toml",
        '"nothing"',
        '"alarm"\nno_location_centre = "BE-101"',
        "agreements.toml",
        "agreement.NL-BE-police.no_location_centre",
        "BE-101",
        "Remove it",
    ),
    (
        "agreements.toml",
        '"nothing"',
        '"centre"\nno_location_centre = "BE-01"',
        "agreements.toml",
        "agreement.NL-BE-police.no_location_centre",
        "BE-01",
        '"BE-101"',
    ),
    (
        "agreements.toml",
        '"nothing"',
        '"centre"\nno_location_centre = "BE-112"',
        "agreements.toml",
        "agreement.NL-BE-police.no_location_centre",
        "BE-112",
        "that does police",
    ),
]


def name(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) < 40 else None


@pytest.mark.parametrize(("file", "old", "new", "where", "key", "value", "remedy"), ROWS, ids=name)
def test_a_contradiction_is_named_with_its_remedy(
    file: str, old: str, new: str, where: str, key: str, value: object, remedy: str, find: Find
) -> None:
    """A contradiction is an error that names file, key, value and what to do."""
    found = find(file, old, new, key)
    assert (found.file, found.level, str(found.value)) == (where, Level.ERROR, str(value))
    assert remedy in found.remedy


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}:{row[4]}")
def test_loading_stops_at_a_contradiction(
    row: Row, folder: Path, edit: Callable[[str, str, str], None]
) -> None:
    """A folder that contradicts itself is not loaded, and the error lists where."""
    edit(*row[:3])
    with pytest.raises(ConfigurationWrong) as wrong:
        load(folder)
    assert row[4] in [one.key for one in wrong.value.mistakes]
