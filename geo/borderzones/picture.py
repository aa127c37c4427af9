"""Draws zones as a picture (needs the extra ``zones``): a map that is read before its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import patheffects, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from borderzones.arrays import Geometries
from borderzones.labels import Labels
from borderzones.marks import Highlight, Picture
from borderzones.views import View
from borderzones.zonefile import Areas, ZoneFile

_WIDTH_IN, _DPI = 12.0, 150
_WATER, _BEYOND, _INK, _FAINT = "#d6e6f0", "#eceff1", "#22303c", "#8a97a3"
_LAND = ("#e6f0dd", "#f8e6dc", "#e2e9f7", "#efe3f2", "#fdf4d7")
# Narrower than this, a picture shows what is within a zone rather than where zones are.
_LOCAL_KM = 60.0
# Hues apart from each other also for most people who see fewer colours (Okabe and Ito).
_ZONES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#8c6bb1",
    "#a6761d",
)
_SPECIAL, _CATCHMENT = "#c2185b", "#5d4037"
# What kind of region it is, as in "Aurich (Landkreis)", is no help on a map.
_BRACKETS = re.compile(r" \(.*\)$")


def draw(content: ZoneFile, view: View, shown: Picture, out: Path) -> None:
    """Draw a picture as PNG, 1800 pixels wide."""
    with rc_context({"hatch.linewidth": 0.35}):
        _composed(content, view, shown).savefig(out, dpi=_DPI, facecolor="white", format="png")


def _composed(content: ZoneFile, view: View, shown: Picture) -> Figure:
    figure, axes = _canvas(view)
    legend: list[Any] = []
    _land(axes, content, view)
    legend += _strips(axes, content, view)
    legend += _catchments(axes, content, view, shown.catchments)
    _borders(axes, content, view)
    legend += _special(axes, content, view)
    legend += _highlights(axes, view, shown.highlights)
    legend += _points(axes, shown)
    labels = Labels(axes)
    _names(labels, content.layers["countries"], view, "country", 17.0)
    legend += _marks(axes, labels, view, shown)
    _special_names(labels, content, view)
    small = 7.5 if view.width_km < _LOCAL_KM else 5.5
    _names(labels, content.layers["regions"], view, "name", small)
    _words(figure, axes, content, view, shown)
    _legend(axes, legend)
    return figure


def _canvas(view: View) -> tuple[Figure, Axes]:
    stretch = 1 / np.cos(np.radians((view.south + view.north) / 2))
    ratio = (view.north - view.south) * stretch / (view.east - view.west)
    wide = _WIDTH_IN * 0.94
    high = wide * ratio + 1.35
    figure = Figure(figsize=(_WIDTH_IN, high))
    axes = figure.add_axes((0.045, 0.62 / high, 0.94, wide * ratio / high))
    axes.set_xlim(view.west, view.east)
    axes.set_ylim(view.south, view.north)
    axes.set_aspect(stretch)
    axes.set_facecolor(_BEYOND)
    axes.tick_params(labelsize=7, colors=_FAINT, length=2)
    axes.grid(color="white", linewidth=0.5, alpha=0.6, zorder=0)
    for spine in axes.spines.values():
        spine.set_edgecolor(_FAINT)
    return figure, axes


def _within(view: View, polygons: Geometries) -> Geometries:
    """Cut polygons to the view, no finer than the picture shows."""
    edge = (view.east - view.west) / 50
    box = (view.west - edge, view.south - edge, view.east + edge, view.north + edge)
    cut = shapely.clip_by_rect(polygons, *box)
    pixel = (view.east - view.west) / (_WIDTH_IN * _DPI)
    shapes: Geometries = shapely.simplify(cut, pixel / 2)
    return shapes


def _paint(axes: Axes, view: View, polygons: Geometries, **style: Any) -> bool:
    """Draw what of the polygons lies in the view; tell whether there is any."""
    shapes = _within(view, polygons)
    shapes = shapes[~shapely.is_empty(shapes)]
    if len(shapes):
        gpd.GeoSeries(shapes).plot(ax=axes, aspect=None, **style)
        axes.set(xlabel="", ylabel="")
    return bool(len(shapes))


def _land(axes: Axes, content: ZoneFile, view: View) -> None:
    regions, countries = content.layers["regions"], content.layers["countries"].column("country")
    _paint(axes, view, content.layers["countries"].polygons, color=_WATER, zorder=1)
    for country, colour in zip(countries, _LAND * 2, strict=False):
        own = [
            i
            for i, row in enumerate(regions.rows)
            if row["country"] == country and row["level"] != "sea"
        ]
        _paint(axes, view, regions.polygons[own], color=colour, zorder=1)
    _paint(
        axes, view, regions.polygons, facecolor="none", edgecolor="#b9c0c7", linewidth=0.4, zorder=2
    )


def _strips(axes: Axes, content: ZoneFile, view: View) -> list[Any]:
    strips, legend = content.layers["strips"], []
    alpha = 0.08 if view.width_km < _LOCAL_KM else 0.3
    for zone, colour in zip(content.zones, _ZONES * len(content.zones), strict=False):
        own = [i for i, row in enumerate(strips.rows) if row["zone_id"] == zone.zone_id]
        if _paint(axes, view, strips.polygons[own], color=colour, alpha=alpha, zorder=3):
            _paint(
                axes,
                view,
                strips.polygons[own],
                facecolor="none",
                edgecolor=colour,
                linewidth=0.5,
                alpha=0.8,
                zorder=4,
            )
            legend.append(Patch(color=colour, alpha=0.5, label=zone.zone_id))
    return legend


def _borders(axes: Axes, content: ZoneFile, view: View) -> None:
    polygons = content.layers["countries"].polygons
    _paint(axes, view, polygons, facecolor="none", edgecolor=_FAINT, linewidth=0.5, zorder=6)
    shared = _within(view, np.array([_shared(polygons)]))
    gpd.GeoSeries(shared).plot(ax=axes, aspect=None, color=_INK, linewidth=1.3, zorder=7)
    axes.set(xlabel="", ylabel="")


def _shared(polygons: Geometries) -> shapely.Geometry:
    """Return the edges that two of the polygons have in common, joined to lines."""
    rings = shapely.get_rings(shapely.get_parts(polygons))
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    edges = np.stack([lonlat[:-1], lonlat[1:]], axis=1)[ring[:-1] == ring[1:]]
    ordered = np.sort(edges.view(np.complex128)[..., 0], axis=1)
    distinct, counts = np.unique(ordered, axis=0, return_counts=True)
    twice = distinct[counts > 1]
    lines = shapely.linestrings(np.stack([twice.real, twice.imag], axis=-1))
    return shapely.line_merge(shapely.union_all(lines))


def _catchments(
    axes: Axes, content: ZoneFile, view: View, catchments: Mapping[str, Sequence[str]]
) -> list[Any]:
    regions = content.layers["regions"]
    known = regions.column("region_id")
    merged = [
        shapely.union_all(regions.polygons[[known.index(one) for one in ids if one in known]])
        for ids in catchments.values()
    ]
    if not merged:
        return []
    style = {"edgecolor": _CATCHMENT, "linewidth": 1.1, "linestyle": (0, (4, 2))}
    _paint(axes, view, np.array(merged), facecolor="none", zorder=5, **style)
    return [Line2D([], [], color=_CATCHMENT, linewidth=1.1, linestyle="--", label="catchments")]


def _special(axes: Axes, content: ZoneFile, view: View) -> list[Any]:
    style = {"facecolor": "none", "edgecolor": _SPECIAL, "linewidth": 0.9, "hatch": "////"}
    if _paint(axes, view, content.layers["special"].polygons, zorder=8, **style):
        return [Patch(label="special zones", facecolor="none", edgecolor=_SPECIAL, hatch="////")]
    return []


def _highlights(axes: Axes, view: View, highlights: Iterable[Highlight]) -> list[Any]:
    return [
        Patch(facecolor=one.colour, label=one.name)
        for one in highlights
        if _paint(axes, view, one.polygons, color=one.colour, alpha=0.75, zorder=9)
    ]


def _points(axes: Axes, shown: Picture) -> list[Any]:
    if not len(shown.points):
        return []
    lon, lat = np.asarray(shown.points).T
    axes.scatter(
        lon, lat, s=12, color="#111827", linewidths=0.4, edgecolors="white", alpha=0.8, zorder=10
    )
    return [Line2D([], [], marker="o", color="#111827", linewidth=0, ms=4, label=shown.points_name)]


def _marks(axes: Axes, labels: Labels, view: View, shown: Picture) -> list[Any]:
    inside = [
        mark
        for mark in shown.marks
        if view.west <= mark.lon <= view.east and view.south <= mark.lat <= view.north
    ]
    for mark in inside:
        sign = shown.signs[mark.kind]
        style: Any = {"markeredgecolor": "white", "markeredgewidth": 0.7, "color": sign.colour}
        axes.plot(mark.lon, mark.lat, marker=sign.marker, markersize=sign.size, zorder=11, **style)
        labels.keep_free(mark.lon, mark.lat)
    for mark in inside:
        labels.beside(mark.lon, mark.lat, mark.label)
    kinds = {mark.kind for mark in inside}
    return [
        Line2D([], [], marker=sign.marker, color=sign.colour, linewidth=0, ms=sign.size, label=kind)
        for kind, sign in shown.signs.items()
        if kind in kinds
    ]


def _special_names(labels: Labels, content: ZoneFile, view: View) -> None:
    areas = content.layers["special"]
    if view.width_km > _LOCAL_KM:
        return
    for row, spot in zip(areas.rows, shapely.point_on_surface(areas.polygons), strict=True):
        labels.over(spot.x, spot.y, row["special_id"], colour=_SPECIAL, size=6.0)


def _names(labels: Labels, areas: Areas, view: View, key: str, size: float) -> None:
    """Write the names of areas upon what is seen of them, the largest first."""
    cut = _within(view, areas.polygons)
    land = np.array([row.get("level") != "sea" for row in areas.rows])
    for i in np.argsort(-shapely.area(cut)).tolist():
        if land[i] and not cut[i].is_empty:
            spot = shapely.point_on_surface(cut[i])
            words = _BRACKETS.sub("", areas.rows[i][key])
            labels.over(spot.x, spot.y, words, colour="#6b7782", size=size)


def _words(figure: Figure, axes: Axes, content: ZoneFile, view: View, shown: Picture) -> None:
    height = figure.get_size_inches()[1]
    figure.text(0.045, 1 - 0.32 / height, view.title, fontsize=16, weight="bold", color=_INK)
    figure.text(0.045, 1 - 0.56 / height, shown.subtitle, fontsize=9, color="#51606d")
    credit = dict.fromkeys(source.attribution for source in content.sources)
    figure.text(0.045, 0.11 / height, "\n".join(credit), fontsize=5.5, color=_FAINT)
    _scale_bar(axes, view)


def _scale_bar(axes: Axes, view: View) -> None:
    kilometres = max(
        length
        for length in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
        if length <= view.width_km / 5
    )
    share = kilometres / view.width_km
    frame = axes.transAxes
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    axes.plot(
        [0.97 - share, 0.97], [0.03, 0.03], transform=frame, color=_INK, lw=2.5, zorder=14,
        path_effects=halo,
    )  # fmt: skip
    axes.text(
        0.97 - share / 2, 0.037, f"{kilometres:g} km", transform=frame, ha="center", va="bottom",
        fontsize=8, color=_INK, zorder=14, path_effects=halo,
    )  # fmt: skip


def _legend(axes: Axes, entries: Sequence[Any]) -> None:
    legend = axes.legend(
        handles=list(entries), loc="upper left", fontsize=7.5, framealpha=0.92, borderpad=0.8
    )
    legend.set_zorder(15)
    legend.get_frame().set_edgecolor("#c9cfd4")
