"""The report of a demonstration: what came, what went, how fast, and whether it all adds up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from attrs import frozen
from rich.console import Console
from rich.table import Table

from dispatch_bus.application.accounting import Account, settle
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.measuring import Measured, measure
from dispatch_bus.application.sealing import verify_journal
from dispatch_bus.application.watching import Glance
from dispatch_bus.cli import simulation
from dispatch_bus.cli.safe import safe
from dispatch_bus.settings import Settings

_SHOWN = 10


@frozen(kw_only=True)
class Report:
    """All figures of one demonstration; ``latency_ms`` is from *available* to *delivered*."""

    measured: Measured
    account: Account
    undelivered: int
    entries: int
    verified: bool
    drained: bool

    @property
    def is_good(self) -> bool:
        """Whether all was done, nothing lost, doubled or undelivered, and the journal is whole."""
        faults = (self.account.lost, self.account.duplicated, self.undelivered)
        return self.verified and self.drained and not any(faults)

    def to_json(self) -> dict[str, Any]:
        """Return the report as it is written to its file."""
        return {
            "pulled": self.measured.pulled,
            "mirrors": self.measured.mirrors,
            "handoffs": self.measured.handoffs,
            "latency_ms": percentiles(self.measured.latencies_ms),
            "quarantined": self.measured.quarantined,
            "journal": {"entries": self.entries, "verified": self.verified},
            "lost": len(self.account.lost),
            "duplicated": len(self.account.duplicated),
            "undelivered": self.undelivered,
            "drained": self.drained,
        }


def make(bus: Bus, settings: Settings, last: Glance) -> Report:
    """Compare the rooms' own logs with the store as ``last`` seen, and verify the journal."""
    verified = verify_journal(bus)
    account = settle(bus, simulation.sent(settings), simulation.received(settings))
    waiting = sum(one.count for one in last.waiting.values())
    return Report(
        measured=measure(bus),
        account=account,
        undelivered=waiting + len(account.refused),
        entries=verified.entries,
        verified=verified.ok,
        drained=last.is_quiet and not simulation.unconfirmed(settings),
    )


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return the median, 95th and 99th percentile, or none of them for fewer than two values."""
    if len(values) < 2:
        return {"p50": None, "p95": None, "p99": None}
    cuts = quantiles(values, n=100, method="inclusive")
    return {f"p{n}": round(cuts[n - 1], 1) for n in (50, 95, 99)}


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    path.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")


def show(report: Report, console: Console) -> None:
    """Print the report as tables, and what does not add up by name."""
    console.print(_centres(report.measured.pulled))
    console.print(_summary(report))
    account = report.account
    for title, names in (
        ("lost", account.lost),
        ("doubled", account.duplicated),
        ("refused", account.refused),
    ):
        for name in names[:_SHOWN]:
            console.print(f"[red]{title}: {safe(name)}[/]", highlight=False)


def _centres(pulled: dict[str, int]) -> Table:
    table = Table("Centre", "Records", title="Pulled")
    for centre, count in Counter(pulled).most_common(_SHOWN):
        table.add_row(centre, str(count))
    if len(pulled) > _SHOWN:
        table.caption = f"and {len(pulled) - _SHOWN} centres more"
    return table


def _summary(report: Report) -> Table:
    table = Table("", "", title="Outcome", show_header=False)
    figures = report.to_json()
    for name in ("mirrors", "handoffs"):
        parts = ", ".join(f"{count} {state}" for state, count in figures[name].items())
        table.add_row(name, parts or "none")
    table.add_row(
        "latency", ", ".join(f"{name} {value} ms" for name, value in figures["latency_ms"].items())
    )
    table.add_row("quarantined", str(figures["quarantined"]))
    word = "[green]verified[/]" if report.verified else "[red]NOT verified[/]"
    table.add_row("journal", f"{report.entries} entries, {word}")
    for name in ("lost", "duplicated", "undelivered"):
        colour = "red" if figures[name] else "green"
        table.add_row(name, f"[{colour}]{figures[name]}[/]")
    if not report.drained:
        table.add_row("drained", "[red]no: work was still under way[/]")
    return table
