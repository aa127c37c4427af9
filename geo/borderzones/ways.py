"""Whether the way from one point to another crosses an edge, and where rounding hides that."""

from __future__ import annotations

import numpy as np

from borderzones.arrays import Bools, Floats

#: An orientation is a difference of two products of differences: this many rounding errors of the
#: largest product that can occur bound its error (Shewchuk 1997, section 4, with room to spare).
ROUNDING = 16 * np.finfo(np.float64).eps
# The same for the sum of the two products themselves.
_ROUNDING_OF_PRODUCTS = 4 * float(np.finfo(np.float64).eps)


def orientation(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Return the cross products of the vectors (a, b) and (c, d)."""
    turned: Floats = a * d - b * c
    return turned


def reaches(edges: Floats, lon: float | Floats) -> Bools:
    """Tell which edges, whose western end comes first, reach the meridian ``lon``."""
    reached: Bools = (edges[0] <= lon) & (edges[2] >= lon)
    return reached


def crossings(edges: Floats, is_cut: Bools, origin: Floats, to: Floats) -> tuple[Bools, Bools]:
    """Tell which edges the ways from origins to points cross, and where that is not sure.

    ``edges`` has the rows x1, y1, x2, y2; ``origin`` and ``to`` the rows x, y; all in degrees. The
    way turns at the corner (x of the point, y of the origin); ``is_cut`` says which edges cross the
    parallel of the origin. Each edge counts without its eastern end, so that of two that meet at
    the point's meridian one is crossed. The origins are beside all edges for sure.
    """
    x1, y1, x2, y2 = edges
    dx, dy, px = x2 - x1, y2 - y1, to[0]
    north, level, east = dx * (to[1] - y1), dx * (origin[1] - y1), dy * (px - x1)
    corner_side = level > east
    upright = (x1 <= px) & (px < x2) & ((north > east) != corner_side)
    flat = is_cut & ((level > dy * (origin[0] - x1)) != corner_side)
    at_point = np.abs(north - east) <= _ROUNDING_OF_PRODUCTS * (np.abs(north) + np.abs(east))
    at_corner = np.abs(level - east) <= _ROUNDING_OF_PRODUCTS * (np.abs(level) + np.abs(east))
    return upright != flat, at_corner | (at_point & (x1 <= px) & (px <= x2))


def crosses(
    edge: list[float], is_cut: bool, origin: tuple[float, float], to: tuple[float, float]
) -> bool | None:
    """Tell the same of one edge; none where that is not sure."""
    (x1, y1, x2, y2), (px, py) = edge, to
    dx, dy = x2 - x1, y2 - y1
    north, level, east = dx * (py - y1), dx * (origin[1] - y1), dy * (px - x1)
    if abs(level - east) <= _ROUNDING_OF_PRODUCTS * (abs(level) + abs(east)):
        return None
    if x1 <= px <= x2 and abs(north - east) <= _ROUNDING_OF_PRODUCTS * (abs(north) + abs(east)):
        return None
    upright = x1 <= px < x2 and (north > east) != (level > east)
    flat = is_cut and (level > dy * (origin[0] - x1)) != (level > east)
    return upright != flat
