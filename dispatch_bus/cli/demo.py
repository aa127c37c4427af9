"""The demonstration: bus and rooms for a while, then a report that has to add up."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated

import typer
from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dispatch_bus.application.watching import Glance
from dispatch_bus.bootstrap import data_folder, load_checked
from dispatch_bus.cli import private, report, simulation
from dispatch_bus.cli.embedded import processes
from dispatch_bus.cli.live import Viewer
from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.simulation import Simulation
from dispatch_bus.cli.supervise import Change, State, Supervisor
from dispatch_bus.sdk.simulator.spec import Outage
from dispatch_bus.settings import Settings

_DRAIN_AT_MOST_S = 90.0
_QUIET_LOOKS = 3


@frozen(kw_only=True)
class Plan:
    """How long, how lively, and where the report goes; one room is down for a fifth of it."""

    length_s: int
    seed: int
    rate_per_s: float
    report: Path

    @property
    def simulation(self) -> Simulation:
        """What the rooms do."""
        outage = Outage(start_s=self.length_s * 0.4, length_s=self.length_s * 0.2)
        return Simulation(
            seed=self.seed,
            rate_per_s=self.rate_per_s,
            stop_after_s=self.length_s,
            down=("DE", outage),
        )


def demo(
    configuration: ConfigOption = None,
    length_s: Annotated[int, typer.Option("--for", min=5, help="Seconds of incidents.")] = 30,
    seed: Annotated[int, typer.Option(help="Seed of the simulated incidents.")] = 7,
    rate: Annotated[float, typer.Option(help="New cases per second and room.")] = 2.0,
    report: Annotated[Path, typer.Option(help="Where to write the report.")] = Path(
        "demo-report.json"
    ),
) -> None:
    """Run the bus and the rooms for a while, then report; fails if anything is lost or doubled."""
    plan = Plan(length_s=length_s, seed=seed, rate_per_s=rate, report=report)
    if not _run(configuration, plan):
        raise typer.Exit(1)


def _run(configuration: Path | None, plan: Plan) -> bool:
    """Run the demonstration in a data folder of its own; true when everything adds up."""
    given, zones = load_checked(configuration)
    target = data_folder(given.bus) / "demo"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    settings, _ = load_checked(private.derive(configuration, target))
    console = Console()
    with _bar(console) as progress:
        director = _Director(settings, plan, Viewer(settings, zones), progress)
        supervised = processes(settings, simulation.children(settings, plan.simulation))
        Supervisor(supervised, on_change=director.note).run(until=director.step)
    if director.report is None:
        return False
    report.write(director.report, plan.report)
    report.show(director.report, console)
    console.print(f"Written to {plan.report}.", highlight=False)
    return director.report.is_good


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        # Without a terminal every refresh would be a line: then it is drawn when it changes.
        auto_refresh=console.is_terminal,
    )


class _Director:
    """Watches the demonstration go by and makes the report once all is quiet."""

    def __init__(self, settings: Settings, plan: Plan, viewer: Viewer, bar: Progress) -> None:
        self._settings = settings
        self._plan = plan
        self._viewer = viewer
        self._bar = bar
        self._task = bar.add_task("Starting the bus and five rooms", total=plan.length_s)
        self._began: float | None = None
        self._quiet = 0
        self.report: report.Report | None = None

    def note(self, change: Change) -> None:
        """Take note of a process that died."""
        if change.state is State.DIED:
            self._bar.console.print(f"[red]{change.name} died: {change.detail}[/]")

    def step(self) -> bool:
        """Move the bar; true once the report is made. The time counts once every room has begun."""
        if self._began is None:
            if not simulation.has_begun(self._settings):
                return False
            self._began = time.monotonic()
        elapsed = time.monotonic() - self._began
        seen = self._viewer.look()
        if seen is None:
            return False
        words = f"{seen.last:,} journal entries"
        self._bar.update(self._task, completed=elapsed, description=words)
        if not self._bar.console.is_terminal:
            self._bar.refresh()
        return elapsed > self._plan.length_s and self._finish(seen, elapsed)

    def _finish(self, seen: Glance, elapsed: float) -> bool:
        """Wait until all is quiet three looks in a row, and report; or give up waiting."""
        is_quiet = seen.is_quiet and not simulation.unconfirmed(self._settings)
        self._quiet = self._quiet + 1 if is_quiet else 0
        late = elapsed > self._plan.length_s + _DRAIN_AT_MOST_S
        if self._quiet < _QUIET_LOOKS and not late:
            return False
        self.report = report.make(self._viewer.bus, self._settings, seen)
        return True
