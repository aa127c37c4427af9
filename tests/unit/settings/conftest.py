"""A small configuration without mistakes, and a way to make one mistake in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch_bus.settings import Finding, GeographyFacts, check, defaults_folder

ROOMS = """
[[room]]
id = "NL"
country = "NL"
adapter = "plain"
epsg = 28992
codes = "nl"
options = { url = "http://127.0.0.1:8431", token = "simulated" }

[[room]]
id = "BE"
country = "BE"
adapter = "plain"
epsg = 31370
codes = "be"
options = { url = "http://127.0.0.1:8432", token = "simulated" }
"""

ZONES = """
label = "test"

[[zone]]
id = "NL-BE-15km"
pair = ["NL", "BE"]
depth_m = 15000

[[zone]]
id = "NL-DE-15km"
pair = ["NL", "DE"]
depth_m = 15000
"""

CENTRE = """
[[centre]]
id = "{id}"
name = "Centre {id}"
country = "{country}"
city = "Somewhere"
lon = 4.5
lat = 51.5
disciplines = {disciplines}
catchment = {catchment}
kind = "meldkamer"
numbers = ["112"]
phone = "+31 000 000 001"
languages = ["nl", "fr-BE"]
second_channel = "console"
desks = [{{ name = "Desk", disciplines = {disciplines} }}]
room = "{country}"
confirmed = true
"""

RESPONSIBILITY = """
[[duty]]
areas = ["NL-1", "NL-2"]
disciplines = ["fire", "ambulance", "police"]
centre = "NL-ALL"

[[duty]]
areas = ["BE-1"]
disciplines = ["fire", "ambulance"]
centre = "BE-112"

[[duty]]
areas = ["BE-1"]
disciplines = ["police"]
centre = "BE-101"
backup = "BE-102"

[[duty]]
areas = ["BE-9"]
disciplines = ["fire", "ambulance", "police"]
unserved = "Far from the border."
"""

AGREEMENT = """
[[agreement]]
id = "NL-BE-{discipline}"
version = 3
pair = ["NL", "BE"]
discipline = "{discipline}"
zone = "NL-BE-15km"
legal_basis = "A treaty"
data_regime = "A law"
least_priority = 3
categories = ["traffic", "unmapped"]
answer_s = 20
offers_automatically = false
mirror_fields = ["place", "units"]
handoff_fields = ["place", "units", "people"]
no_location = "nothing"
confirmed = true
hours = {{ start = 22:00:00, end = 06:00:00 }}
"""

CODES = """
scheme = "{name}-test"

[[code]]
code = "A1"
label = "Collision"
category = "traffic"
priority = 1

[[code]]
code = "A2"
label = "Obstacle"
category = "traffic"
priority = 2
"""


def _centre(name: str, country: str, disciplines: str, catchment: str) -> str:
    return CENTRE.format(id=name, country=country, disciplines=disciplines, catchment=catchment)


GOOD = {
    "rooms.toml": ROOMS,
    "zones.toml": ZONES,
    "centres.toml": _centre("NL-ALL", "NL", '["fire", "ambulance", "police"]', '["NL-1", "NL-2"]')
    + _centre("BE-112", "BE", '["fire", "ambulance"]', '["BE-1"]')
    + _centre("BE-101", "BE", '["police"]', '["BE-1"]')
    + _centre("BE-102", "BE", '["police"]', '["BE-1"]'),
    "responsibility.toml": RESPONSIBILITY,
    "agreements.toml": AGREEMENT.format(discipline="police") + AGREEMENT.format(discipline="fire"),
    "codes/nl.toml": CODES.format(name="nl"),
    "codes/be.toml": CODES.format(name="be"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose configuration is without mistakes or warnings."""
    (tmp_path / "codes").mkdir()
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text, "utf-8")
    shutil.copy(defaults_folder() / "bus.toml", tmp_path / "bus.toml")
    return tmp_path


@pytest.fixture
def facts() -> GeographyFacts:
    """The geography that fits the folder."""
    return GeographyFacts(
        areas={"NL-1": "NL", "NL-2": "NL", "BE-1": "BE", "BE-9": "BE"},
        special={"EXCLAVE": frozenset({"BE"})},
        zones={"NL-BE-15km": ("NL", "BE"), "NL-DE-15km": ("NL", "DE")},
        reach={"NL-BE-15km": frozenset({"NL-1", "BE-1"}), "NL-DE-15km": frozenset({"NL-2"})},
        depths={
            "NL-BE-15km": {"NL": 15_000, "BE": 15_000},
            "NL-DE-15km": {"NL": 15_000, "DE": 15_000},
        },
    )


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str, str], None]:
    """Replace the first occurrence of a text in one file of the folder."""

    def replace(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")

    return replace


@pytest.fixture
def find(
    folder: Path, facts: GeographyFacts, edit: Callable[[str, str, str], None]
) -> Callable[[str, str, str, str], Finding]:
    """Make one edit, and return the one finding about the given key."""

    def found(file: str, old: str, new: str, key: str) -> Finding:
        edit(file, old, new)
        findings = check(folder, facts, {"plain"})
        about = [one for one in findings if one.key == key]
        assert len(about) == 1, f"found: {[str(one) for one in findings]}"
        return about[0]

    return found
