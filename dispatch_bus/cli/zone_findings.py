"""The flaws of zones as a table, and as marks on a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from rich import box
from rich.table import Table

from borderzones.flaws import Flaw, Level
from borderzones.marks import Highlight, Mark, Picture, Sign

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow"}
_SIGNS = {
    Level.ERROR.value: Sign("o", "#c62828", 9.0),
    Level.WARNING.value: Sign("o", "#ef6c00", 8.0),
}


def flaw_table(found: Sequence[Flaw]) -> Table:
    """List the flaws; the numbers are those on the picture."""
    table = Table(box=box.SIMPLE_HEAD, header_style="dim")
    table.add_column("", justify="right")
    for column in ("level", "flaw", "where", "what", "for example at"):
        table.add_column(column, overflow="fold")
    for number, one in enumerate(found, start=1):
        lon, lat = one.spot
        level = f"[{_COLOURS[one.level]}]{one.level}[/]"
        at = f"{lon:.5f} E {lat:.5f} N"
        table.add_row(str(number), level, one.kind, one.where, one.what, at)
    return table


def flaw_picture(found: Sequence[Flaw], version: str) -> Picture:
    """Mark the flaws by their numbers and paint the areas that they concern."""
    errors = sum(one.level is Level.ERROR for one in found)
    return Picture(
        subtitle=f"Zones {version}: {errors} errors, {len(found) - errors} warnings",
        marks=[
            Mark(*one.spot, f"{number} {one.kind}", one.level.value)
            for number, one in enumerate(found, start=1)
        ],
        signs=_SIGNS,
        highlights=[
            Highlight(f"{level} concerns", _SIGNS[level.value].colour, _painted(found, level))
            for level in Level
        ],
        points=[(x, y) for one in found for x, y in _positions(one)],
        points_name="positions concerned",
    )


def _painted(found: Sequence[Flaw], level: Level) -> np.ndarray:
    shapes = [one.shape for one in found if one.level is level]
    return np.array([one for one in shapes if shapely.get_dimensions(one) == 2], dtype=object)


def _positions(flaw: Flaw) -> list[tuple[float, float]]:
    is_points = shapely.get_dimensions(flaw.shape) == 0
    return [tuple(one) for one in shapely.get_coordinates(flaw.shape)] if is_points else []
