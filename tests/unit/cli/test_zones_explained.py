"""``dispatch-bus zones explain``: the shipped zones and rules, in words."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from dispatch_bus.cli import zones


def explained(*arguments: str) -> str:
    """Run the command on a wide terminal and return what it says on one line."""
    result = CliRunner().invoke(zones.commands, ["explain", *arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_an_exclave_is_explained() -> None:
    """In Baarle-Hertog: country, exclave, zone with its depth, who is responsible and is told."""
    said = explained("4.92695", "51.43624", "--radius", "50")
    for fact in (
        "BE inside wholly inside",
        "NL-BE-15km BE 15.00 km 272.8 m certainly inside",
        "BAARLE-BE-01 BE all",
        "BE fire BE-NC112-VAN",
        "NL-MK-ZWB Meldkamer Zeeland - West-Brabant: mirror border_zone",
        "NL-MK-ZWB 273, NL-MK-OB 11,104",
    ):
        assert fact in said


@pytest.mark.parametrize(
    ("lon", "lat", "said"),
    [
        ("51.43624", "4.92695", "not a place: longitude and latitude seem to be exchanged"),
        ("-3", "40", "a place, but outside: beyond all regions"),
    ],
)
def test_what_lies_elsewhere_is_said(lon: str, lat: str, said: str) -> None:
    """A coordinate beyond the data gets one line with the reason."""
    assert said in explained(lon, lat)
