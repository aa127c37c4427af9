"""The report of bad days: what came, what was done to it, and whether it all adds up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from chaos.driving.aims import NOT_MEASURED, Aim, aims
from chaos.driving.backlog import Drained
from chaos.driving.logbook import Struck
from chaos.driving.outcome import (
    Story,
    by_kind,
    longest_blocked_s,
    percentiles,
    recoveries,
    slowest,
    undisturbed,
)
from chaos.driving.plan import FaultKind
from rich.console import Console
from rich.table import Table

from dispatch_bus.application.accounting import Account
from dispatch_bus.domain.kinds import EntryKind

_SHOWN = 10
_SLOW = 3
_BROKER_AWAY = frozenset({FaultKind.KILL_BROKER, FaultKind.KILL_NODE, FaultKind.KILL_LEADER})
_BROKER_FROZEN = frozenset({FaultKind.FREEZE_BROKER, FaultKind.FREEZE_LEADER})


@attrs.frozen(kw_only=True)
class Report:
    """All figures; times are in seconds.

    ``unexpected`` is what nobody did: a process that ended, an error in a log, a time in the
    journal that cannot be, a record in quarantine that nothing is wrong with.
    """

    seed: int
    seconds: float
    events: int
    events_asked: int
    faults_asked: int
    confirmed: int
    malformed: int
    malformed_quarantined: int
    struck: Sequence[Struck]
    told: Story
    account: Account
    unexpected: Sequence[str]
    drained_s: float | None
    backlog: Drained | None
    verified: bool

    def aims(self) -> list[Aim]:
        """Return what is aimed at, and what came of it."""
        return list(aims(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """Return the report as it is written to its file, but for the aims."""
        kinds, account = self.told.kinds, self.account
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "events": self.events,
            "events_asked": self.events_asked,
            "faults": len(self.struck),
            "faults_asked": self.faults_asked,
            "malformed": self.malformed,
            "malformed_quarantined": self.malformed_quarantined,
            "attempted": kinds.get(EntryKind.DELIVERY_ATTEMPTED, 0),
            "delivered": kinds.get(EntryKind.DELIVERY_MADE, 0),
            "confirmed": self.confirmed,
            "lost": list(account.lost),
            "duplicated": list(account.duplicated),
            "refused": list(account.refused),
            "unexpected": list(self.unexpected),
            "journal": {"entries": sum(kinds.values()), "verified": self.verified},
            "drained_s": self.drained_s,
            "backlog": _backlog(self.backlog) if self.backlog else None,
            **self._times("recovery_s", "longest_blocked_s", frozenset(FaultKind)),
            **self._times("recovery_s_broker_killed", "", _BROKER_AWAY),
            **self._times("", "longest_blocked_s_broker_frozen", _BROKER_FROZEN),
            "by_kind": list(by_kind(self.told, self.struck)),
            "slowest": slowest(self.told, self.struck, FaultKind),
            "slowest_broker_killed": slowest(self.told, self.struck, _BROKER_AWAY),
        }

    def _times(self, recovery: str, blocked: str, kinds: frozenset[FaultKind]) -> dict[str, Any]:
        some = [one for one in undisturbed(self.struck) if one.kind in kinds]
        figures = {
            recovery: percentiles(recoveries(self.told, some)),
            blocked: longest_blocked_s(self.told, some, self.struck),
        }
        return {name: value for name, value in figures.items() if name}


def _backlog(drained: Drained) -> dict[str, Any]:
    return {
        "tellings": drained.tellings,
        "seconds": drained.seconds,
        "per_s": round(drained.tellings / drained.seconds, 1),
        "overtaken": drained.overtaken,
        "backwards": drained.backwards,
    }


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    told = {**report.to_json(), "aims": [attrs.asdict(one) for one in report.aims()]}
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")


def show(report: Report, console: Console) -> None:
    """Print the report as tables, and what does not add up by name."""
    figures = report.to_json()
    console.print(_kinds(figures))
    console.print(_summary(figures))
    console.print(_aims(report.aims()))
    for title in ("lost", "duplicated", "refused", "unexpected"):
        for name in figures[title][:_SHOWN]:
            console.print(f"[red]{title}:[/] ", end="")
            console.print(name, markup=False, highlight=False)


def status(report: Report) -> int:
    """Return the exit status: 0, or 1 where something is not true, or 3 where it was slow."""
    missed = [one for one in report.aims() if not one.is_met]
    if any(one.is_truth for one in missed):
        return 1
    return _SLOW if missed else 0


def _kinds(figures: dict[str, Any]) -> Table:
    table = Table("Fault", "Times", "Recovery p50", "p95", "max", "Longest blocked", title="Faults")
    for line in figures["by_kind"]:
        recovery = [_seconds(line["recovery_s"][name]) for name in ("p50", "p95", "max")]
        table.add_row(line["kind"], str(line["faults"]), *recovery, _seconds(line["blocked_s"]))
    return table


def _summary(figures: dict[str, Any]) -> Table:
    table = Table("", "", title="Outcome", show_header=False)
    for name in ("seed", "seconds", "events", "faults", "malformed"):
        table.add_row(name, f"{figures[name]:,}")
    for name in ("attempted", "delivered", "confirmed"):
        table.add_row(name, f"{figures[name]:,}")
    table.add_row("journal", f"{figures['journal']['entries']:,} entries")
    for name in ("recovery_s", "recovery_s_broker_killed"):
        told = ", ".join(f"{cut} {_seconds(value)}" for cut, value in figures[name].items())
        table.add_row(name.replace("_s", "", 1).replace("_", " "), told)
    for name in ("longest_blocked_s", "longest_blocked_s_broker_frozen", "drained_s"):
        table.add_row(name.replace("_s", "", 1).replace("_", " "), _seconds(figures[name]))
    return table


def _aims(told: Sequence[Aim]) -> Table:
    table = Table("Aim", "Wanted", "Got", "", title="Aims")
    for one in told:
        met = "" if one.got == NOT_MEASURED else "[green]met[/]"
        word = met if one.is_met else "[red]MISSED[/]"
        table.add_row(one.what, one.wanted, one.got, word)
    return table


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} s"
