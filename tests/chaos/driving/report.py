"""The report of bad days: what came, what was done to it, and whether it all adds up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from chaos.driving.logbook import Struck
from chaos.driving.outcome import Story, blocked_s, by_kind, percentiles, recovery_s
from chaos.driving.plan import FaultKind
from rich.console import Console
from rich.table import Table

from dispatch_bus.application.accounting import Account
from dispatch_bus.domain.kinds import EntryKind

_SHOWN = 10
_BROKER_AWAY = frozenset({FaultKind.KILL_BROKER, FaultKind.KILL_NODE, FaultKind.KILL_LEADER})
_BROKER_FROZEN = frozenset({FaultKind.FREEZE_BROKER, FaultKind.FREEZE_LEADER})


@attrs.frozen(kw_only=True)
class Report:
    """All figures; times are in seconds.

    ``unexpected`` is what nobody did: a process that ended, an error in a log, a time in the
    journal that cannot be.
    """

    seed: int
    seconds: float
    events: int
    confirmed: int
    malformed: int
    struck: Sequence[Struck]
    told: Story
    account: Account
    unexpected: Sequence[str]
    drained_s: float | None
    verified: bool

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled, refused or unexpected, and all was done."""
        account = self.account
        wrong = (account.lost, account.duplicated, account.refused, self.unexpected)
        return self.verified and self.drained_s is not None and not any(wrong)

    def to_json(self) -> dict[str, Any]:
        """Return the report as it is written to its file."""
        kinds, account = self.told.kinds, self.account
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "events": self.events,
            "faults": len(self.struck),
            "malformed": self.malformed,
            "attempted": kinds.get(EntryKind.DELIVERY_ATTEMPTED, 0),
            "delivered": kinds.get(EntryKind.DELIVERY_MADE, 0),
            "confirmed": self.confirmed,
            "lost": list(account.lost),
            "duplicated": list(account.duplicated),
            "refused": list(account.refused),
            "unexpected": list(self.unexpected),
            "journal": {"entries": sum(kinds.values()), "verified": self.verified},
            "drained_s": self.drained_s,
            "recovery_s": percentiles(self._recoveries(frozenset(FaultKind))),
            "recovery_s_broker_killed": percentiles(self._recoveries(_BROKER_AWAY)),
            "longest_blocked_s": self._blocked(frozenset(FaultKind)),
            "longest_blocked_s_broker_frozen": self._blocked(_BROKER_FROZEN),
            "by_kind": list(by_kind(self.told, self.struck)),
        }

    def _recoveries(self, kinds: frozenset[FaultKind]) -> list[float]:
        some = (recovery_s(self.told, one) for one in self.struck if one.kind in kinds)
        return [seconds for seconds in some if seconds is not None]

    def _blocked(self, kinds: frozenset[FaultKind]) -> float:
        some = (blocked_s(self.told, one) for one in self.struck if one.kind in kinds)
        return round(max(some, default=0.0), 2)


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    path.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")


def show(report: Report, console: Console) -> None:
    """Print the report as tables, and what does not add up by name."""
    figures = report.to_json()
    console.print(_kinds(figures))
    console.print(_summary(figures))
    for title in ("lost", "duplicated", "refused", "unexpected"):
        for name in figures[title][:_SHOWN]:
            console.print(f"[red]{title}:[/] ", end="")
            console.print(name, markup=False, highlight=False)


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
    for name in ("lost", "duplicated", "refused", "unexpected"):
        count = len(figures[name])
        table.add_row(name, f"[{'red' if count else 'green'}]{count}[/]")
    for name in ("recovery_s", "recovery_s_broker_killed"):
        told = ", ".join(f"{cut} {_seconds(value)}" for cut, value in figures[name].items())
        table.add_row(name.replace("_s", "", 1).replace("_", " "), told)
    for name in ("longest_blocked_s", "longest_blocked_s_broker_frozen", "drained_s"):
        table.add_row(name.replace("_s", "", 1).replace("_", " "), _seconds(figures[name]))
    word = "[green]verified[/]" if figures["journal"]["verified"] else "[red]NOT verified[/]"
    table.add_row("journal", f"{figures['journal']['entries']:,} entries, {word}")
    return table


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} s"
