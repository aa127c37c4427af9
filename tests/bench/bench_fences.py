"""The figures of the geofence and of what it is held against, and their tables."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field, frozen
from rich.bar import Bar
from rich.table import Table

OURS = "borderzones"
_BAR_WIDTH = 16


@frozen
class Rate:
    """Points looked up in a second, many at once."""

    name: str
    kind: str
    points: int
    points_per_s: float


@frozen
class Calls:
    """Microseconds of a call for one point."""

    name: str
    kind: str
    calls: int
    p50_us: float
    p99_us: float


@frozen
class Cost:
    """Milliseconds to load or to prepare, and megabytes; what was not measured is none."""

    name: str
    load_ms: float
    megabytes: float | None
    remark: str


@frozen
class Grown:
    """The geofence with more zones or corners, ready to answer, and PostGIS with the same."""

    what: str
    to: int
    build_s: float
    ready_ms: float
    p99_us: float
    points_per_s: float
    postgis_points_per_s: float


@frozen
class Agreement:
    """How many points were compared, and how many were answered otherwise.

    ``in_seams`` are those in a seam between two regions, where only the rest was compared.
    """

    postgis: str
    points: int
    disagreements: int
    in_seams: int


@define
class Fences:
    """All that was measured of looking up points; what a run has left out stays empty."""

    rates: list[Rate] = field(factory=list)
    calls: list[Calls] = field(factory=list)
    costs: list[Cost] = field(factory=list)
    grown: list[Grown] = field(factory=list)
    agreement: Agreement | None = None

    def ratios(self) -> dict[str, dict[str, float]]:
        """Return how many times faster than everything else it is, by kind of point."""
        ours = {one.kind: one.points_per_s for one in self.rates if one.name == OURS}
        found: dict[str, dict[str, float]] = {kind: {} for kind in ours}
        for one in self.rates:
            if one.name != OURS:
                found[one.kind][one.name] = round(ours[one.kind] / one.points_per_s, 1)
        return found

    def tables(self) -> Iterable[Table]:
        """Return a table for each thing that was measured."""
        rates = (self._rates(kind) for kind in self.ratios())
        return (*rates, self._calls(), self._costs(), self._grown(), self._agreement())

    def _rates(self, kind: str) -> Table:
        table = Table("", "points/s", "", f"{OURS} is", title=f"Geofence: {kind}")
        rates = [one for one in self.rates if one.kind == kind]
        most = max(one.points_per_s for one in rates)
        for one in rates:
            bar = Bar(most, 0, one.points_per_s, width=_BAR_WIDTH)
            times = self.ratios()[kind].get(one.name)
            ratio = f"{times:,.1f} times" if times else ""
            table.add_row(one.name, f"{one.points_per_s:,.0f}", bar, ratio)
        return table

    def _calls(self) -> Table:
        table = Table("", "points", "p50", "p99", title="Geofence: one call, in microseconds")
        for one in self.calls:
            kind = one.kind.removeprefix("points ")
            table.add_row(one.name, kind, f"{one.p50_us:,.1f}", f"{one.p99_us:,.1f}")
        return table

    def _costs(self) -> Table:
        table = Table("", "ms", "MB", "", title="Geofence: before it answers")
        for one in self.costs:
            megabytes = "" if one.megabytes is None else f"{one.megabytes:,.1f}"
            table.add_row(one.name, f"{one.load_ms:,.1f}", megabytes, one.remark)
        return table

    def _grown(self) -> Table:
        title = "Geofence: growth, half of the points at a border"
        table = Table("", "build s", "ready ms", "p99 µs", "points/s", "", "PostGIS", title=title)
        most = max((one.points_per_s for one in self.grown), default=0.0)
        for one in self.grown:
            table.add_row(
                f"{one.to:,} {one.what}",
                *(f"{value:,.1f}" for value in (one.build_s, one.ready_ms, one.p99_us)),
                f"{one.points_per_s:,.0f}",
                Bar(most, 0, one.points_per_s, width=_BAR_WIDTH),
                f"{one.postgis_points_per_s:,.0f}",
            )
        return table

    def _agreement(self) -> Table:
        table = Table("", "points", "disagreements", "in seams", title="Geofence: the same answers")
        if one := self.agreement:
            figures = (one.points, one.disagreements, one.in_seams)
            table.add_row(f"PostGIS {one.postgis}", *(f"{value:,}" for value in figures))
        return table
