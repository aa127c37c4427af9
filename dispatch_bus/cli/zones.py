"""``dispatch-bus zones``: build the border zones."""

from __future__ import annotations

import typer
from rich.console import Console

from borderzones import BorderzonesError
from dispatch_bus.bootstrap import ZONES_FILE
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.domain.errors import Stop
from dispatch_bus.settings import defaults_folder

commands = typer.Typer(help="Build the border zones.", no_args_is_help=True)


@commands.callback()
def _zones() -> None:
    """Build the border zones."""


@commands.command()
def build(configuration: ConfigOption = None) -> None:
    """Build zones.bzones from the real borders and zones.toml; takes about a minute."""
    try:
        from borderzones import build as building  # noqa: PLC0415 - geopandas is an extra
    except ImportError as error:
        raise Stop(f"{error}.", "Install the extra that builds: dispatch-bus[zones].") from error
    folder = configuration or defaults_folder()
    try:
        with Console().status("Building the border zones …"):
            version = building.build(folder / "zones.toml", folder / ZONES_FILE)
    except BorderzonesError as error:
        raise Stop(str(error), "Then build again.") from error
    Console().print(f"[green]{folder / ZONES_FILE}[/]: version {version}")
