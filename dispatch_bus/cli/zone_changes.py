"""The changes between two editions of the zones, as tables and on a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.table import Table

from borderzones.changes import Change
from borderzones.marks import Highlight, Picture
from dispatch_bus.application.comparing import Compared

_MOST = 20
_SPECK_M2 = 500.0
_GAINED, _LOST = "#2e7d32", "#c62828"


def change_table(found: Sequence[Change]) -> Table:
    """List what is new, gone or different."""
    table = Table(box=box.SIMPLE_HEAD, header_style="dim")
    for column in ("area", "id", "change"):
        table.add_column(column, overflow="fold")
    for column in ("gained km²", "lost km²"):
        table.add_column(column, justify="right")
    for one in found:
        table.add_row(one.kind, one.where, one.what, _km2(one.gained_m2), _km2(one.lost_m2))
    return table


def decision_table(compared: Compared) -> Table:
    """List the decisions that would differ, the most frequent first."""
    title = (
        f"{compared.otherwise} of {compared.incidents} stored incidents would be decided otherwise"
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, header_style="dim")
    table.add_column("incidents", justify="right")
    for column in ("agreement", "before", "after"):
        table.add_column(column, overflow="fold")
    for (agreement, before, after), times in compared.differences.most_common(_MOST):
        table.add_row(str(times), agreement, before, after)
    if len(compared.differences) > _MOST:
        table.caption = f"and {len(compared.differences) - _MOST} more kinds of difference"
    return table


def change_picture(
    versions: tuple[str, str], found: Sequence[Change], compared: Compared | None
) -> Picture:
    """Paint what was gained and lost, and the incidents that would be decided otherwise."""
    points = compared.positions if compared else ()
    return Picture(
        subtitle=f"From {versions[0]} to {versions[1]}",
        highlights=[
            Highlight("gained", _GAINED, np.array([one.gained for one in found])),
            Highlight("lost", _LOST, np.array([one.lost for one in found])),
        ],
        points=points,
        points_name=f"{len(points)} incidents decided otherwise",
    )


def _km2(square_metres: float) -> str:
    # Cutting one outline from another leaves specks along it.
    return f"{square_metres / 1e6:,.3f}" if square_metres >= _SPECK_M2 else ""
