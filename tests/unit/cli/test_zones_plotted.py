"""``dispatch-bus zones plot``: a picture of the shipped zones, centres and catchments."""

from __future__ import annotations

from pathlib import Path

from making import world
from matplotlib.image import imread
from typer.testing import CliRunner

from dispatch_bus.cli import zones
from dispatch_bus.cli.zone_maps import picture
from dispatch_bus.domain.book import Duty
from dispatch_bus.domain.codes import Discipline


def test_a_place_is_drawn(tmp_path: Path) -> None:
    """The file is a picture, and the command says what it shows."""
    out = tmp_path / "baarle.png"
    result = CliRunner().invoke(zones.commands, ["plot", str(out), "--place", "Baarle"])
    assert result.exit_code == 0, result.output
    assert "Baarle, 10 km wide" in " ".join(result.output.split())
    assert imread(out).shape[1] == 1800


def test_only_a_discipline_s_centres_and_catchments_are_shown() -> None:
    """Centres that do not do it, and duties for another one, stay out of the picture."""
    centres = {
        "NL-1": world.centre("NL-1"),
        "NL-2": world.centre("NL-2", disciplines=frozenset({Discipline.POLICE})),
    }
    duties = {
        ("a", Discipline.FIRE): Duty("NL-1"),
        ("b", Discipline.FIRE): Duty("NL-1"),
        ("a", Discipline.POLICE): Duty("NL-2"),
    }
    shown = picture(world.book(centres=centres, duties=duties), "x", Discipline.FIRE)
    assert [mark.label for mark in shown.marks] == ["NL-1"]
    assert shown.catchments == {"NL-1": ["a", "b"]}
