"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration folder (default: the shipped example).",
        exists=True,
        file_okay=False,
    ),
]
KeptOption = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint", exists=True, dir_okay=False, help="A checkpoint that somebody kept."
    ),
]
PictureOption = Annotated[
    Path | None,
    typer.Option("--picture", help="A PNG that shows what was found.", dir_okay=False),
]
PlaceOption = Annotated[
    str | None, typer.Option(help="A place, special zone or region to draw; else all zones.")
]
