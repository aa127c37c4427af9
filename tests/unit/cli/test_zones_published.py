"""``dispatch-bus zones publish``: an edition for later, beside the one in force."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from typer.testing import CliRunner, Result

import borderzones
from borderzones import zonefile
from borderzones.zonefile import Areas, ZoneFile
from dispatch_bus.cli import zones
from dispatch_bus.editions import ZONES_FILE, file_in_force
from dispatch_bus.settings import defaults_folder

NEW_YEAR = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return Path(shutil.copytree(defaults_folder(), tmp_path / "config"))


def without_grid(folder: Path) -> ZoneFile:
    """Return the shipped zones without what makes them fast and their file large."""
    return evolve(zonefile.read(folder / ZONES_FILE)[0], grid={})


def without(areas: Areas, zone: str) -> Areas:
    """Leave out the areas of a zone."""
    kept = [i for i, row in enumerate(areas.rows) if zone not in str(row)]
    return Areas(tuple(areas.rows[i] for i in kept), areas.polygons[kept])


def publish(file: Path, folder: Path, *more: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(
        zones.commands, ["publish", str(file), "--config", str(folder), *more]
    )


def test_it_waits_for_its_moment_beside_the_one_in_force(folder: Path, tmp_path: Path) -> None:
    """The file carries its moment, in UTC, and the same areas."""
    shipped = folder / ZONES_FILE
    zonefile.write(tmp_path / "new.bzones", without_grid(folder))
    result = publish(tmp_path / "new.bzones", folder, "--at", "2100-01-01T01:00:00+01:00")
    assert result.exit_code == 0, result.output
    new = borderzones.load(folder / "zones-21000101T000000Z.bzones")
    assert new.valid_from == NEW_YEAR
    assert new.version in result.output.replace("\n", "")
    assert new.at(4.92695, 51.43624) == borderzones.load(shipped).at(4.92695, 51.43624)
    assert file_in_force(folder, NEW_YEAR - timedelta(seconds=1)) == shipped
    assert file_in_force(folder, NEW_YEAR).name == "zones-21000101T000000Z.bzones"


def test_a_moment_needs_its_offset(folder: Path) -> None:
    """A time that could be meant in several zones is refused."""
    result = publish(folder / ZONES_FILE, folder, "--at", "2100-01-01T01:00:00")
    assert "at: '2100-01-01T01:00:00'" in str(result.exception)


def test_zones_that_do_not_fit_the_configuration_are_refused(folder: Path, tmp_path: Path) -> None:
    """Zones that the agreements name but the file does not have would never be hit."""
    content = without_grid(folder)
    first, *others = content.zones
    kept = {name: without(content.layers[name], first.zone_id) for name in ("strips", "pieces")}
    lesser = evolve(content, label="other", zones=tuple(others), layers={**content.layers, **kept})
    zonefile.write(tmp_path / "lesser.bzones", lesser)
    result = publish(tmp_path / "lesser.bzones", folder)
    assert "agreement.NL-BE-fire.zone" in str(result.exception)
    assert [path.name for path in folder.glob("*.bzones")] == [ZONES_FILE]
