"""``dispatch-bus zones``: build the border zones, and look at them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve
from rich.console import Console

from borderzones import BorderzonesError, views, zonefile
from borderzones.flaws import Level, geometry_flaws
from borderzones.zonefile import ZoneFile
from dispatch_bus.application.explaining import explain as explained
from dispatch_bus.bootstrap import ZONES_FILE, BorderGeography, load_checked
from dispatch_bus.cli.explaining import explanation
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.zone_findings import flaw_picture, flaw_table
from dispatch_bus.cli.zone_flaws import rule_flaws
from dispatch_bus.cli.zone_maps import need_extra, picture, positions
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.errors import Stop
from dispatch_bus.domain.place import Position
from dispatch_bus.settings import defaults_folder

commands = typer.Typer(help="Build, check, explain and draw the border zones.", no_args_is_help=True)


@commands.callback()
def _zones() -> None:
    """Build, check, explain and draw the border zones."""


@commands.command()
def build(configuration: ConfigOption = None) -> None:
    """Build zones.bzones from the real borders and zones.toml; takes about a minute."""
    need_extra()
    from borderzones import build as building  # noqa: PLC0415 - geopandas is an extra

    folder = configuration or defaults_folder()
    try:
        with Console().status("Building the border zones …"):
            version = building.build(folder / "zones.toml", folder / ZONES_FILE)
    except BorderzonesError as error:
        raise Stop(str(error), "Then build again.") from error
    Console().print(f"[green]{folder / ZONES_FILE}[/]: version {version}")


# Longitudes may be negative: what looks like an option is an argument here.
@commands.command(context_settings={"ignore_unknown_options": True})
def explain(
    lon: Annotated[float, typer.Argument(help="Degrees east (EPSG:4326).")],
    lat: Annotated[float, typer.Argument(help="Degrees north (EPSG:4326).")],
    radius: Annotated[float, typer.Option(help="Metres that the position may be off.")] = 0.0,
    configuration: ConfigOption = None,
) -> None:
    """Tell why a place is decided as it is: areas, zones, who is responsible, who would be told."""
    settings, zones = load_checked(configuration)
    place = Position(lon=lon, lat=lat, radius_m=radius)
    told = explained(settings.book, BorderGeography(zones), place, datetime.now(UTC))
    console = Console()
    for part in explanation(told, zones, settings.book):
        console.print(part)


@commands.command()
def plot(
    out: Annotated[Path, typer.Argument(help="The PNG to write.", dir_okay=False)],
    place: Annotated[
        str | None, typer.Option(help="A place, special zone or region; else all zones.")
    ] = None,
    discipline: Annotated[
        Discipline, typer.Option(help="Whose centres and catchments are shown.")
    ] = Discipline.FIRE,
    incidents: Annotated[bool, typer.Option(help="Show the stored incidents, too.")] = False,
    configuration: ConfigOption = None,
) -> None:
    """Draw zones, centres, catchments and incidents as a picture."""
    need_extra()
    from borderzones.picture import draw  # noqa: PLC0415 - geopandas is an extra

    settings, zones = load_checked(configuration)
    shown = picture(settings.book, zones.version, discipline)
    if incidents:
        points = positions(settings, zones)
        shown = evolve(shown, points=points, points_name=f"{len(points)} stored incidents")
    content, _ = zonefile.read(settings.folder / ZONES_FILE)
    view = _view(content, place)
    draw(content, view, shown, out)
    Console().print(f"[green]{out}[/]: {view.title}, {view.width_km:,.0f} km wide")


@commands.command()
def check(
    to: Annotated[
        Path | None, typer.Option("--picture", help="A PNG that shows them.", dir_okay=False)
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="A place, special zone or region that the picture shows.")
    ] = None,
    configuration: ConfigOption = None,
) -> None:
    """Find what is wrong with the zones, and where the rules lead nowhere in them.

    The status is 1 if there is an error.
    """
    settings, zones = load_checked(configuration)
    content, _ = zonefile.read(settings.folder / ZONES_FILE)
    found = [*geometry_flaws(content), *rule_flaws(content, zones, settings.book)]
    console = Console()
    console.print(flaw_table(found))
    if to:
        need_extra()
        from borderzones.picture import draw  # noqa: PLC0415 - geopandas is an extra

        draw(content, _view(content, place), flaw_picture(found, zones.version), to)
    errors = sum(one.level is Level.ERROR for one in found)
    colour = "red" if errors else "green"
    counts = f"{errors} errors, {len(found) - errors} warnings"
    console.print(f"[{colour}]zones {zones.version}: {counts}[/]")
    if errors:
        raise typer.Exit(1)


def _view(content: ZoneFile, place: str | None) -> views.View:
    try:
        return views.place(content, place) if place else views.whole(content)
    except BorderzonesError as error:
        raise Stop(str(error), "Then draw again.") from error
