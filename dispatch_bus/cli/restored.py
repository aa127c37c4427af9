"""What a restore found, for a person: the epoch, what is missing, and whom to ask for it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from dispatch_bus.application.restoring import Gap, Restored
from dispatch_bus.cli.safe import safe
from dispatch_bus.journal.verify import Report


def show(found: Restored, console: Console) -> None:
    """Print the new epoch, how much of the journal is lost, and the pages that the rooms know."""
    console.print(
        f"The journal of {found.size} entries goes on in epoch {found.epoch}.", highlight=False
    )
    console.print(_lost(found), highlight=False, soft_wrap=True)
    if found.gaps:
        console.print(_pages(found.gaps))
        console.print(
            "The bus asks for these pages again when it starts. What a room does not keep after it "
            "was confirmed is missing: ask the room for it.",
            soft_wrap=True,
        )
    else:
        console.print("No page is known to have been confirmed since the backup.")


def _lost(found: Restored) -> str:
    if found.signed is None:
        return (
            "No checkpoint outside the database is known: how many entries are lost is not known."
        )
    lost = found.signed - found.size
    if lost <= 0:
        return f"No later checkpoint than the backup's is known ({found.signed} entries)."
    return f"[red]At least {lost} entries are lost[/]: {found.signed} had been signed."


def _pages(gaps: tuple[Gap, ...]) -> Table:
    table = Table("Room", "Pages", "Records", "After", "Up to", "Confirmed")
    table.title = "Confirmed since the backup"
    for gap in gaps:
        table.add_row(
            safe(gap.room),
            f"{gap.first} to {gap.last}",
            str(gap.records),
            safe(gap.since or "the beginning"),
            safe(gap.until),
            f"{gap.at:%Y-%m-%d %H:%M:%S} UTC",
        )
    return table


def show_verified(report: Report, console: Console) -> None:
    """Print what a verification of the whole journal found."""
    for problem in report.problems:
        console.print(f"[red]{problem.number}: {problem.message}[/]", highlight=False)
    colour, word = ("green", "whole") if report.ok else ("red", "broken")
    console.print(
        f"[{colour}]The journal is {word}[/]: {report.entries} entries, "
        f"{report.uncovered} after the last signed checkpoint.\nroot {report.root.hex()}",
        highlight=False,
    )
