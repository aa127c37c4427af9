"""``python -m chaos.driving``: bad days for a whole bus, and a report of what came of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.driving import report
from chaos.driving.building import Size, arena
from chaos.driving.driver import Stage
from chaos.driving.plan import FULL, Fault, lasts_s, plan, stretched
from chaos.driving.run import Run, run
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_REPORT = Path("chaos-report.json")
_JOURNAL = Path("chaos-journal.jsonl")
# A case is told in some six records; there are five rooms.
_RECORDS_A_CASE = 6.0
_ROOMS = 5
# More than this, and a machine of two cores does not keep up: then what is measured is a queue.
_RATES = (0.5, 2.0)


def main() -> int:
    """Run as the command line says; the status is what ``report.status`` says of it."""
    told = _arguments()
    faults = plan(told.seed, told.faults, FULL)
    rate_per_s = _rate(told.events, faults)
    faults = stretched(faults, told.events / (rate_per_s * _RECORDS_A_CASE * _ROOMS))
    size = Size(nodes=3, each=2, rate_per_s=rate_per_s, seed=told.seed)
    _JOURNAL.unlink(missing_ok=True)
    what = Run(
        seed=told.seed,
        faults=faults,
        events=told.events,
        most_s=told.most_s,
        drain_s=900.0,
        malformed=10_000,
        burst=250,
        backlog=told.backlog,
        journal=_JOURNAL,
    )
    console = Console()
    with _progress(console, what) as show:
        show(Stage(words="starting servers, services and rooms", events=0, faults=0))
        with arena(size) as where:
            done = run(what, where, show)
    report.write(done, _REPORT)
    report.show(done, console)
    console.print(f"Written to {_REPORT}; what was done when is in {_JOURNAL}.", highlight=False)
    return report.status(done)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--events", type=int, required=True, help="records that the rooms send")
    parser.add_argument("--faults", type=int, required=True)
    parser.add_argument("--backlog", type=int, required=True, help="tellings that wait at the end")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--for", dest="most_s", type=float, required=True, help="seconds at most")
    return parser.parse_args()


def _rate(events: int, faults: list[Fault]) -> float:
    """Return the cases a second of each room that come to so many records while faults are done.

    No more than a small machine keeps up with.
    """
    least, most = _RATES
    return min(most, max(least, events / lasts_s(faults) / _RECORDS_A_CASE / _ROOMS))


@contextmanager
def _progress(console: Console, what: Run) -> Iterator[Callable[[Stage], None]]:
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, auto_refresh=console.is_terminal) as bars:
        sent = bars.add_task("records", total=what.events)
        faults = bars.add_task("faults", total=len(what.faults))

        def show(stage: Stage) -> None:
            bars.update(sent, completed=stage.events)
            bars.update(faults, completed=stage.faults, description=f"faults: {stage.words}")

        yield show


if __name__ == "__main__":
    sys.exit(main())
