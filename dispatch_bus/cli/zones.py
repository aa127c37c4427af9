"""``dispatch-bus zones``: build the border zones, and look at them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve
from rich.console import Console

import borderzones
from borderzones import BorderzonesError, Zones, read_definitions, views, zonefile
from borderzones.changes import changes
from borderzones.flaws import Level, geometry_flaws
from borderzones.zonefile import ZoneFile
from dispatch_bus.application.comparing import Compared, compare
from dispatch_bus.application.explaining import explain as explained
from dispatch_bus.bootstrap import (
    BorderGeography,
    NotRunning,
    load_checked,
    open_bus,
    refuse_unfit,
)
from dispatch_bus.cli.explaining import explanation
from dispatch_bus.cli.options import ConfigOption, PictureOption, PlaceOption
from dispatch_bus.cli.zone_changes import change_picture, change_table, decision_table
from dispatch_bus.cli.zone_findings import flaw_picture, flaw_table
from dispatch_bus.cli.zone_flaws import rule_flaws
from dispatch_bus.cli.zone_maps import need_extra, picture, positions, stored
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.errors import Refused, Stop
from dispatch_bus.domain.place import Position
from dispatch_bus.editions import ZONES_FILE, file_in_force, utc_now
from dispatch_bus.settings import Settings, defaults_folder

commands = typer.Typer(help="Build the border zones, and look at them.", no_args_is_help=True)


@commands.callback()
def _zones() -> None:
    """Build the border zones, and look at them."""


@commands.command()
def build(configuration: ConfigOption = None) -> None:
    """Build a zone file from the real borders and zones.toml; takes about a minute.

    It is zones.bzones; or, where zones.toml says from when it is valid, one beside it that is
    called by its label, which a running bus takes over at that moment.
    """
    need_extra()
    from borderzones import build as building  # noqa: PLC0415 - geopandas is an extra

    folder = configuration or defaults_folder()
    try:
        wanted = read_definitions(folder / "zones.toml")
        out = folder / (f"zones-{wanted.label}.bzones" if wanted.valid_from else ZONES_FILE)
        with Console().status("Building the border zones …"):
            version = building.build(folder / "zones.toml", out)
    except BorderzonesError as error:
        raise Stop(str(error), "Then build again.") from error
    Console().print(f"[green]{out}[/]: version {version}")


@commands.command()
def publish(
    file: Annotated[Path, typer.Argument(help="A built zone file.", exists=True, dir_okay=False)],
    at: Annotated[
        str | None, typer.Option(help="When, with offset, as 2026-12-01T06:00:00+01:00; else now.")
    ] = None,
    configuration: ConfigOption = None,
) -> None:
    """Have a running bus use a zone file from a moment on, without a restart.

    Do this on each machine, well before the moment. A file that does not fit the configuration
    is refused.
    """
    folder = configuration or defaults_folder()
    since = _moment(at) if at else utc_now().replace(microsecond=0)
    try:
        refuse_unfit(folder, borderzones.load(file))
        content, _ = zonefile.read(file)
        stamp = f"{since:%Y%m%dT%H%M%SZ}"
        version = zonefile.write(
            folder / f"zones-{stamp}.bzones", evolve(content, valid_from=since)
        )
    except BorderzonesError as error:
        raise Stop(str(error), "Then publish again.") from error
    Console().print(f"[green]{folder}[/]: version {version} from {since.isoformat()} on")


def _moment(words: str) -> datetime:
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        remedy = "Write date, time and offset, as 2026-12-01T06:00:00+01:00."
        raise Refused("at", words, remedy)
    return moment.astimezone(UTC)


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
    told = explained(settings.book, BorderGeography(zones), place, utc_now())
    console = Console()
    for part in explanation(told, zones, settings.book):
        console.print(part)


@commands.command()
def plot(
    out: Annotated[Path, typer.Argument(help="The PNG to write.", dir_okay=False)],
    place: PlaceOption = None,
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
    content, _ = zonefile.read(file_in_force(settings.folder, utc_now()))
    view = _view(content, place)
    draw(content, view, shown, out)
    Console().print(f"[green]{out}[/]: {view.title}, {view.width_km:,.0f} km wide")


@commands.command()
def check(
    to: PictureOption = None,
    place: PlaceOption = None,
    configuration: ConfigOption = None,
) -> None:
    """Find what is wrong with the zones, and where the rules lead nowhere in them.

    The status is 1 if there is an error.
    """
    settings, zones = load_checked(configuration)
    content, _ = zonefile.read(file_in_force(settings.folder, utc_now()))
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


@commands.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A zone file.", exists=True, dir_okay=False)],
    new: Annotated[Path, typer.Argument(help="Another one.", exists=True, dir_okay=False)],
    to: PictureOption = None,
    place: PlaceOption = None,
    configuration: ConfigOption = None,
) -> None:
    """Tell what changed between two zone files, and which stored incidents it would concern."""
    settings, zones = load_checked(configuration)
    console = Console()
    try:
        (before, was), (after, becomes) = zonefile.read(old), zonefile.read(new)
        found = list(changes(before, after))
        console.print(change_table(found) if found else "The areas are the same.")
        compared = _compared(settings, zones, borderzones.load(old), borderzones.load(new))
    except BorderzonesError as error:
        raise Stop(str(error), "Then compare again.") from error
    if compared:
        console.print(decision_table(compared))
    else:
        console.print("No database runs here: stored incidents were not compared.")
    if to:
        need_extra()
        from borderzones.picture import draw  # noqa: PLC0415 - geopandas is an extra

        draw(after, _view(after, place), change_picture((was, becomes), found, compared), to)


def _compared(settings: Settings, zones: Zones, old: Zones, new: Zones) -> Compared | None:
    """Compare what is stored; none where no database runs."""
    try:
        bus = open_bus(settings, zones, "cli")
    except NotRunning:
        return None
    with closing(bus.store):
        both = BorderGeography(old), BorderGeography(new)
        return compare(stored(bus), settings.book, *both)
