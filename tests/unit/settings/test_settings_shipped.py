"""The shipped configuration: whole, without mistakes, and honest about what it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

import borderzones
import dispatch_bus
from dispatch_bus.domain.agreement import PERSONAL
from dispatch_bus.domain.codes import Category, Discipline
from dispatch_bus.settings import (
    GeographyFacts,
    Level,
    Settings,
    check,
    defaults_folder,
    load,
)
from dispatch_bus_plain.options import Options

LAND = (Discipline.POLICE, Discipline.FIRE, Discipline.AMBULANCE)
BORDERS = ["NL-BE", "NL-DE", "BE-DE", "BE-LU", "BE-FR", "LU-DE", "LU-FR", "DE-FR"]
# Numbers that can ring nobody: kept free for media (DE, FR), or with a 0 that no number starts
# with (NL, BE, LU).
RINGS_NOBODY = {
    "NL": r"\+31 000 .*",
    "BE": r"\+32 000 .*",
    "LU": r"\+352 000 .*",
    "DE": r"\+49 221 4710 \d{3}",
    "FR": r"\+33 3 53 01 \d\d \d\d",
}


@pytest.fixture(scope="module")
def shipped() -> Settings:
    return load(defaults_folder())


@pytest.fixture(scope="module")
def built() -> GeographyFacts:
    zones = borderzones.load(defaults_folder() / "zones.bzones")
    pieces = [piece.split("/") for piece in zones.pieces.column("piece_id")]
    return GeographyFacts(
        areas=dict(zip(zones.region_ids, zones.region_countries, strict=True)),
        zones={zone.zone_id: zone.pair for zone in zones.definitions},
        reach={
            zone.zone_id: frozenset(area for name, _, area in pieces if name == zone.zone_id)
            for zone in zones.definitions
        },
        special=zones.special,
    )


def test_a_plain_room_gives_up_sooner_than_the_bus(shipped: Settings) -> None:
    """So its adapter lives on, with all else that is in flight, when one message is late."""
    assert Options(url="http://room", token="t").timeout_s < shipped.bus.delivery.deadline_s


def test_it_has_no_mistake(built: GeographyFacts) -> None:
    """What is shipped passes its own check against the zones that are shipped with it."""
    findings = check(defaults_folder(), built, {"plain"})
    assert [str(one) for one in findings if one.level is Level.ERROR] == []


def test_it_says_what_is_not_confirmed(built: GeographyFacts) -> None:
    """Nothing shipped passes for confirmed: the check says so for centres and agreements."""
    findings = check(defaults_folder(), built, {"plain"})
    told = {one.key: one.value for one in findings if one.level is Level.WARNING}
    assert told["centre.confirmed"] == "92 of 92 false"
    assert told["agreement.confirmed"] == "24 of 24 false"


def test_every_centre_is_there(shipped: Settings) -> None:
    """All 92 control rooms of the five countries are listed, and five CAD installations."""
    centres = shipped.book.centres.values()
    assert len(centres) == 92
    assert {centre.country for centre in centres} == {"NL", "BE", "LU", "DE", "FR"}
    systems = {room.settings.id: room.settings.epsg for room in shipped.rooms}
    assert systems == {"NL": 28992, "BE": 31370, "LU": 2169, "DE": 25832, "FR": 2154}


def test_no_shipped_number_rings_anybody(shipped: Settings) -> None:
    """An example that someone dials by mistake reaches no one, and no two centres share one."""
    centres = shipped.book.centres.values()
    wrong = [c.id for c in centres if not re.fullmatch(RINGS_NOBODY[c.country], c.phone)]
    assert wrong == []
    assert len({centre.phone for centre in centres}) == len(centres)


def test_each_border_is_agreed_for_each_discipline(shipped: Settings) -> None:
    """Police, fire and ambulance have an agreement on each of the eight borders."""
    agreed = {(pair, discipline) for pair, discipline in shipped.book.agreements}
    wanted = {(frozenset(border.split("-")), name) for border in BORDERS for name in LAND}
    assert agreed == wanted


def test_no_mirror_carries_personal_fields(shipped: Settings) -> None:
    """A mirror is for awareness: people, vehicles and narrative stay at home."""
    agreements = shipped.book.agreements.values()
    assert [one.id for one in agreements if one.mirror_fields & PERSONAL] == []


def test_the_regime_follows_the_discipline(shipped: Settings) -> None:
    """Police data travel under the police directive, and the others' under the GDPR."""
    for agreement in shipped.book.agreements.values():
        police = agreement.discipline is Discipline.POLICE
        assert ("2016/680" in agreement.data_regime) is police
        assert ("2016/679" in agreement.data_regime) is not police


def test_an_unmapped_code_keeps_nobody_from_knowing(shipped: Settings) -> None:
    """A code that is in no list is mirrored as it came."""
    agreements = shipped.book.agreements.values()
    assert all(Category.UNMAPPED in agreement.categories for agreement in agreements)


def test_each_code_list_is_worth_having(shipped: Settings) -> None:
    """Each room has a list of its own with the common categories, and maps nothing to unmapped."""
    for one, other in combinations(shipped.rooms, 2):
        assert one.settings.scheme != other.settings.scheme
    for room in shipped.rooms:
        categories = {code.category for code in room.settings.codes.values()}
        assert categories >= {Category.TRAFFIC, Category.FIRE, Category.MEDICAL, Category.CRIME}
        assert Category.UNMAPPED not in categories
        assert 20 <= len(room.settings.codes) <= 40


@pytest.mark.parametrize("area", ["02", "08", "54", "55", "57", "59", "62"])
def test_each_departement_has_one_police_centre(shipped: Settings, area: str) -> None:
    """Of gendarmerie and police nationale one has the duty and the other stands in."""
    duty = shipped.book.duties[f"FR-{area}", Discipline.POLICE]
    assert {duty.centre, duty.backup} == {f"FR-CORG-{area}", f"FR-CIC-{area}"}
    assert shipped.book.centre(duty.centre).room == "FR"


@pytest.mark.parametrize("area", ["05116", "05114", "05170", "05358", "05566"])
def test_each_kreis_with_a_fire_centre_has_police(shipped: Settings, area: str) -> None:
    """Where the data knows of no police, a neighbouring centre has the duty."""
    duties = shipped.book.duties
    assert duties[f"DE-{area}", Discipline.FIRE]
    assert duties[f"DE-{area}", Discipline.POLICE].centre.startswith("DE-POL-")


def test_a_centre_without_room_is_reached_by_telephone(shipped: Settings) -> None:
    """A centre that no CAD installation serves has the telephone as its way."""
    alone = [centre for centre in shipped.book.centres.values() if centre.room is None]
    assert {centre.second_channel for centre in alone} == {"telephone"}
    assert "NL-KWC" in {centre.id for centre in alone}


def test_an_installed_copy_brings_its_own(tmp_path: Path) -> None:
    """Where the package lies without a source tree, its defaults lie within it."""
    package = tmp_path / "dispatch_bus"
    shutil.copytree(
        Path(dispatch_bus.__path__[0]), package, ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(defaults_folder(), package / "settings" / "defaults")
    question = "from dispatch_bus.settings import *; print(load(defaults_folder()).folder)"
    told = subprocess.run(
        [sys.executable, "-c", question],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(told.stdout.strip()) == package / "settings" / "defaults"
