"""The figures of a whole run: written as JSON, and shown as tables with their ratios."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field, frozen
from bench_fences import Fences
from bench_floors import Floor
from bench_journal import Percentiles
from bench_load import Throughput
from bench_sizes import CHANGING_RATE, IS_QUICK, SEED
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

FILE = Path(__file__).parents[2] / "bench-report.json"
_BAR_WIDTH = 24


@frozen
class Changed:
    """The bus under other circumstances: what was changed, to what, and what came of it.

    ``latency`` is taken at one rate for all.
    """

    what: str
    to: int
    throughput: Throughput
    latency: dict[str, Percentiles]
    remark: str = ""


@define
class Report:
    """All that was measured; what a run has left out stays empty."""

    fsync_ms: float | None = None
    floors: dict[str, Floor] = field(factory=dict)
    plain: Throughput | None = None
    plain_latency: dict[int, Percentiles] = field(factory=dict)
    bus: Throughput | None = None
    latency: dict[int, dict[str, Percentiles]] = field(factory=dict)
    changed: list[Changed] = field(factory=list)
    one_thread: dict[str, Any] = field(factory=dict)
    fences: Fences = field(factory=Fences)

    def ratios(self) -> dict[str, float]:
        """Return the speed of the bus as multiples of everything else's."""
        if self.bus is None:
            return {}
        others = {name: floor.incidents_per_s for name, floor in self.floors.items()}
        if self.plain:
            others["plain pipeline"] = self.plain.incidents_per_s
        return {name: round(self.bus.incidents_per_s / one, 2) for name, one in others.items()}

    def write(self) -> None:
        """Write everything as JSON."""
        told = attrs.asdict(self) | {
            "ratios": self.ratios() | {"geofence": self.fences.ratios()},
            "seed": SEED,
            "quick": IS_QUICK,
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
            "durability": "process crash only",
        }
        FILE.write_text(json.dumps(told, indent=2) + "\n", "utf-8")

    def show(self, console: Console) -> None:
        """Print every table that has figures."""
        bus = (_speeds(self), _latencies(self), _way(self), _costs(self), _changes(self))
        for table in (*bus, *self.fences.tables()):
            if table.row_count:
                console.print(table)
        console.print(f"Written to {FILE.name}. Process-crash durability only.", highlight=False)


def _speeds(report: Report) -> Table:
    table = Table("", "incidents/s", "the bus is", "cpu ms each", title="Speed")
    ratios = report.ratios()
    for name, floor in report.floors.items():
        table.add_row(name, f"{floor.incidents_per_s:,.0f}", _times(ratios, name), "")
    for name, one in (("plain pipeline", report.plain), ("the bus", report.bus)):
        if one:
            cpu = f"{sum(one.cpu_ms.values()):.1f}"
            table.add_row(name, f"{one.incidents_per_s:,.0f}", _times(ratios, name), cpu)
    fsync = "not measured" if report.fsync_ms is None else f"{report.fsync_ms:.3f} ms"
    table.caption = f"fsync {fsync}, {os.cpu_count()} cores"
    return table


def _times(ratios: dict[str, float], name: str) -> str:
    return f"{ratios[name]:g} times" if name in ratios else ""


def _latencies(report: Report) -> Table:
    table = Table("", "incidents/s", "p50", "p95", "p99", title="Milliseconds until delivered")
    for rate, one in report.plain_latency.items():
        table.add_row("plain pipeline, from the broker", str(rate), *_columns(one))
    for name in ("recorded", "available"):
        for rate, spans in report.latency.items():
            table.add_row(
                f"the bus, from {name}", str(rate), *_columns(spans[f"{name} to delivered"])
            )
    return table


def _way(report: Report) -> Table:
    title = f"The way at {CHANGING_RATE} incidents/s, in milliseconds"
    table = Table("", "p50", "p95", "p99", title=title)
    for name, one in report.latency.get(CHANGING_RATE, {}).items():
        table.add_row(name, *_columns(one))
    return table


def _costs(report: Report) -> Table:
    table = Table("process", "cpu ms for an incident", "", title="Where the time goes")
    costs = report.bus.cpu_ms if report.bus else {}
    for name, ms in sorted(costs.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{ms:.2f}", _bar(ms, max(costs.values())))
    return table


def _changes(report: Report) -> Table:
    table = Table("", "incidents/s", "", "recorded p50", "p95", "p99", "", title="What changes it")
    most = max((one.throughput.incidents_per_s for one in report.changed), default=0.0)
    for one in report.changed:
        speed = one.throughput.incidents_per_s
        way = _columns(one.latency["recorded to delivered"])
        name = f"{one.to:,} {one.what}"
        table.add_row(name, f"{speed:,.0f}", _bar(speed, most), *way, one.remark)
    return table


def _columns(one: Percentiles) -> list[str]:
    return [f"{value:,.1f}" for value in (one.p50, one.p95, one.p99)]


def _bar(value: float, most: float) -> Bar:
    return Bar(most, 0, value, width=_BAR_WIDTH)
