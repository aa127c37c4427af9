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
