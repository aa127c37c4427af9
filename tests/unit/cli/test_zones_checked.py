"""``dispatch-bus zones check``: what the shipped zones leave open, and what a hole looks like."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from making import world
from matplotlib.image import imread
from typer.testing import CliRunner

from borderzones import Zones, zonefile
from borderzones.flaws import Flaw, Kind, Level
from dispatch_bus.bootstrap import load_checked
from dispatch_bus.cli import zones as command
from dispatch_bus.cli.zone_flaws import Asked, rule_flaws, ties
from dispatch_bus.domain.book import Book
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.geography import AreaHit
from dispatch_bus.editions import ZONES_FILE
from dispatch_bus.settings import defaults_folder

Shipped = tuple[zonefile.ZoneFile, Zones, Book]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    """Return the shipped zones with the shipped book."""
    settings, zones = load_checked(None)
    content, _ = zonefile.read(defaults_folder() / ZONES_FILE)
    return content, zones, settings.book


def flaws(shipped: Shipped, book: Book) -> list[Flaw]:
    """Find what a book leaves open between Luxembourg and Germany, on police alone."""
    content, zones, _ = shipped
    chosen = {key: one for key, one in book.agreements.items() if one.id == "LU-DE-police"}
    return list(rule_flaws(content, zones, attrs.evolve(book, agreements=chosen)))


def test_the_shipped_zones_have_no_error(tmp_path: Path) -> None:
    """They are sound; that nobody is entitled at sea is told, and shown on a picture."""
    out = tmp_path / "flaws.png"
    result = CliRunner().invoke(
        command.commands, ["check", "--picture", str(out)], env={"COLUMNS": "250"}
    )
    said = " ".join(result.output.split())
    assert result.exit_code == 0, said
    assert "warning no entitled centre NL-BE-15km/NL nobody in BE has a duty for ambulance" in said
    assert "0 errors" in said
    assert imread(out).shape[1] == 1800


def test_a_country_without_duties_is_an_error(shipped: Shipped) -> None:
    """An agreement whose neighbour has nobody at all on that side can tell no one."""
    duties = {
        key: duty
        for key, duty in shipped[2].duties.items()
        if not (key[0].startswith("LU-") and key[1] is Discipline.POLICE)
    }
    found = flaws(shipped, attrs.evolve(shipped[2], duties=duties))
    errors = {(one.kind, one.where) for one in found if one.level is Level.ERROR}
    assert (Kind.NOBODY_ENTITLED, "LU-DE-10km/DE") in errors
    areas = {one.where for one in found if one.kind is Kind.NOBODY_RESPONSIBLE}
    assert {"LU-RM", "LU-GR", "LU-EC"} <= areas
    assert flaws(shipped, shipped[2]) == []


def test_two_centres_in_one_house_are_a_tie() -> None:
    """Where two areas of the neighbour are equally near and their centres too, chance decides."""
    far, tied = (
        world.locality(),
        world.locality(
            areas=(AreaHit("be-east", "BE", 2_000.0), AreaHit("be-west", "BE", 2_000.0))
        ),
    )
    asked = [Asked(world.IN_ZONE, far), Asked(world.SHARED, tied)]
    (found,) = ties(world.book(), world.agreement("BE", "NL"), "NL", asked)
    assert found.what == "BE-1 and BE-2 are equally near at 1 of 2 positions"
    assert found.spot == (world.SHARED.lon, world.SHARED.lat)
