"""Duties for special zones, of those that come with the bus."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dispatch_bus.bootstrap import BorderGeography, load_checked
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.errors import Stop
from dispatch_bus.domain.place import Position
from dispatch_bus.settings import defaults_folder

OTHER = "BE-NC112-VLI"
# The town hall of Baarle-Hertog, in its largest exclave.
EXCLAVE = Position(lon=4.9301, lat=51.4418)
DUTY = """
[[duty]]
areas = ["{area}"]
disciplines = ["ambulance"]
centre = "{centre}"
"""


def with_duty(folder: Path, area: str) -> Path:
    """Copy the shipped configuration and give one centre a duty for ``area`` and the catchment."""
    copy = Path(shutil.copytree(defaults_folder(), folder / "config"))
    with (copy / "responsibility.toml").open("a") as file:
        file.write(DUTY.format(area=area, centre=OTHER))
    centres = copy / "centres.toml"
    before, name, after = centres.read_text("utf-8").partition(f'id = "{OTHER}"')
    after = after.replace("catchment = [", f'catchment = ["{area}", ', 1)
    centres.write_text(before + name + after, "utf-8")
    return copy


def test_a_special_zone_may_have_a_duty_of_its_own(tmp_path: Path) -> None:
    """Whoever has the duty for an exclave answers there, not who has the region around it."""
    settings, zones = load_checked(with_duty(tmp_path, "BAARLE-BE-01"))
    (locality,) = BorderGeography(zones).locate([EXCLAVE])
    found = settings.book.responsible(locality, "BE", Discipline.AMBULANCE)
    assert [hit.zone for hit in locality.special] == ["BAARLE-BE-01"]
    assert found is not None
    assert found.centre.id == OTHER


def test_a_special_zone_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A duty for an exclave that the data does not know is named, with its remedy."""
    with pytest.raises(Stop, match="BAARLE-BE-99"):
        load_checked(with_duty(tmp_path, "BAARLE-BE-99"))
