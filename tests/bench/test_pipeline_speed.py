"""How many incidents a second go through the bus, beside what the database can do at best.

Read docs/benchmarks.md before you quote a figure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path

import attrs
import pytest
from attrs import field, frozen
from bench_floors import plain_inserts
from bench_report import Report
from bench_reports import reports
from bench_sizes import IS_QUICK, SEED
from making.gates import ScriptedGate, page
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dispatch_bus.application import delivering, intake, sealing
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.watching import glance
from dispatch_bus.bootstrap import load_checked, make_keys, open_bus
from dispatch_bus.cli import private
from dispatch_bus.domain.report import Report as Told
from dispatch_bus.observability import logs

INCIDENTS = 500 if IS_QUICK else 2_000


@frozen
class Stage:
    """One part of the way of an incident: items done, and seconds taken."""

    name: str
    seconds: float
    items: int

    @property
    def incidents_per_s(self) -> float:
        """The incidents that this stage would get through in a second if it ran alone."""
        return INCIDENTS / self.seconds


@frozen
class Pipeline:
    """A bus with its gates, and the progress bar of what it does."""

    bus: Bus
    bar: Progress
    gates: dict[str, ScriptedGate] = field(factory=dict)

    def run(self, told: list[tuple[str, Told]]) -> list[Stage]:
        """Take every report all the way, one stage after the other."""
        by_room: dict[str, list[Told]] = {}
        for room, report in told:
            by_room.setdefault(room, []).append(report)
        pages = iter(list(self._pages(by_room)))
        rooms = sorted({one.room for one in self.bus.book.centres.values() if one.room})
        self.gates.update({room: ScriptedGate() for room in rooms})
        return [
            self._stage("store", lambda: self._store(*next(pages, ("", [])))),
            self._stage("deliver", lambda: sum(map(self._deliver, rooms))),
            self._stage("seal", lambda: sealing.seal(self.bus)),
        ]

    def _pages(self, by_room: dict[str, list[Told]]) -> Iterator[tuple[str, list[Told]]]:
        size = self.bus.limits.page
        for room, told in by_room.items():
            for start in range(0, len(told), size):
                yield room, told[start : start + size]

    def _store(self, room: str, told: list[Told]) -> int:
        if not told:
            return 0
        with self.bus.store.begin() as uow:
            state = uow.rooms.get(room)
        assert intake.store_page(self.bus, state, page(f"{room}-{state.pages}", *told))
        return len(told)

    def _deliver(self, room: str) -> int:
        return delivering.deliver(self.bus, room, self.gates[room])

    def _stage(self, name: str, batch: Callable[[], int]) -> Stage:
        task = self.bar.add_task(f"{name:<8}", total=None)
        began, items = time.perf_counter(), 0
        while done := batch():
            items += done
            self.bar.update(task, completed=items)
        taken = time.perf_counter() - began
        self.bar.update(task, total=items)
        return Stage(name, taken, items)


@pytest.fixture
def wired(database_url: str, tmp_path: Path) -> Iterator[Bus]:
    """A bus with the shipped configuration and the real zones, over a database of its own."""
    copy = private.derive(None, tmp_path)
    toml = copy / "bus.toml"
    toml.write_text(toml.read_text("utf-8").replace('\nurl = ""', f'\nurl = "{database_url}"', 1))
    settings, zones = load_checked(copy)
    make_keys(settings.bus)
    # Into a file, as the processes of the bus log: it is part of the work.
    with (tmp_path / "log").open("w") as log:
        with redirect_stderr(log):
            logs.configure(settings.bus.log.format, settings.bus.log.level)
        bus = open_bus(settings, zones, "bench")
        yield bus
        bus.store.close()


def test_the_stages_in_one_thread(report: Report, wired: Bus, database_url: str) -> None:
    """Every incident is stored, decided, delivered and sealed, one stage after the other."""
    told = reports(wired, INCIDENTS, SEED)
    assert len(told) == INCIDENTS
    console = Console()
    with Progress(console=console, auto_refresh=console.is_terminal) as bar:
        stages = Pipeline(wired, bar).run(told)
        floor = floor_of(bar, database_url, wired.limits.page)
    assert stages[0].items == INCIDENTS
    assert all(stage.items for stage in stages)
    assert glance(wired, 0).is_quiet
    report.one_thread = {one.name: attrs.asdict(one) for one in (*stages, floor)}
    show(console, stages, floor)


def floor_of(bar: Progress, url: str, batch: int) -> Stage:
    """Measure plain inserts of the rows that the pipeline has written."""
    task = bar.add_task(f"{'floor':<8}", total=None)
    seconds, rows = 0.0, 0
    for count, taken in plain_inserts(url, batch):
        seconds, rows = seconds + taken, rows + count
        bar.update(task, completed=rows)
    bar.update(task, total=rows)
    return Stage("floor", seconds, rows)


def show(console: Console, stages: list[Stage], floor: Stage) -> None:
    """Print the figures as a table, with the floor at its end."""
    table = Table("", "items", "seconds", "incidents/s", "times the floor", title="In one thread")
    total = Stage("whole way", sum(one.seconds for one in stages), sum(one.items for one in stages))
    for one in (*stages, total, floor):
        ratio = f"{one.seconds / floor.seconds:.1f}"
        rate = f"{one.incidents_per_s:,.0f}"
        table.add_row(one.name, f"{one.items:,}", f"{one.seconds:.2f}", rate, ratio)
    console.print(table)
