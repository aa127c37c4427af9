"""What a picture shows beside the zones themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from borderzones.arrays import Geometries


@frozen
class Mark:
    """A point (degrees, EPSG:4326) with a label; ``kind`` chooses its sign."""

    lon: float
    lat: float
    label: str
    kind: str


@frozen
class Sign:
    """How marks of one kind look: matplotlib's marker and colour, and the size in points."""

    marker: str
    colour: str
    size: float


@frozen(eq=False)
class Highlight:
    """Polygons (degrees) that a picture is about, under one name and colour."""

    name: str
    colour: str
    polygons: Geometries


@frozen(eq=False, kw_only=True)
class Picture:
    """Everything that is drawn upon the zones.

    ``marks`` get the sign of their kind from ``signs``. ``points`` are positions without labels,
    longitudes and latitudes in degrees, together called ``points_name``. ``catchments`` maps
    names to the ids of the regions that belong together.
    """

    subtitle: str
    marks: Sequence[Mark] = ()
    signs: Mapping[str, Sign] = field(factory=dict)
    points: Sequence[tuple[float, float]] = ()
    points_name: str = ""
    catchments: Mapping[str, Sequence[str]] = field(factory=dict)
    highlights: Sequence[Highlight] = ()
