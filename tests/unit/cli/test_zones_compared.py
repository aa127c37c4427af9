"""``dispatch-bus zones diff``: what changed between two zone files."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from matplotlib.image import imread
from typer.testing import CliRunner

from borderzones import zonefile
from dispatch_bus.cli import zones
from dispatch_bus.editions import ZONES_FILE
from dispatch_bus.settings import defaults_folder


def test_changes_are_listed_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A special zone with another rule is told; without a database no incident is compared."""
    monkeypatch.chdir(tmp_path)
    shipped = defaults_folder() / ZONES_FILE
    content, _ = zonefile.read(shipped)
    special = content.layers["special"]
    rows = tuple(
        {**row, "countries": "BE,NL"} if row["special_id"] == "BAARLE-BE-01" else row
        for row in special.rows
    )
    layers = {**content.layers, "special": zonefile.Areas(rows, special.polygons)}
    new, out = tmp_path / "new.bzones", tmp_path / "diff.png"
    zonefile.write(new, evolve(content, label="new", layers=layers, grid={}))
    words = ["diff", str(shipped), str(new), "--picture", str(out), "--place", "Baarle"]
    result = CliRunner().invoke(zones.commands, words, env={"COLUMNS": "200"})
    said = " ".join(result.output.split())
    assert result.exit_code == 0, said
    assert "special zone BAARLE-BE-01 countries: BE → BE,NL" in said
    assert "stored incidents were not compared" in said
    assert imread(out).shape[1] == 1800
