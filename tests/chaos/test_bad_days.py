"""Bad days for a whole bus of many processes: some faults of every run's own choice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.driving.arena import Arena
from chaos.driving.building import Size, arena
from chaos.driving.driver import Stage
from chaos.driving.plan import FaultKind, Lengths, plan
from chaos.driving.run import Run, run

pytestmark = pytest.mark.chaos
SEED = int(os.environ.get("CHAOS_SEED") or time.time())
SHORT = Lengths(freeze_s=3.0, room_s=3.0, other_s=(0.5, 2.0), pause_s=(0.2, 1.0))
# Not those whose victim takes long to start again: `make chaos` has them.
KINDS = tuple(set(FaultKind) - {FaultKind.KILL_NODE, FaultKind.KILL_LEADER, FaultKind.KILL_GATEWAY})
FAULTS = 12
MALFORMED = 400


@pytest.fixture(scope="module")
def where() -> Iterator[Arena]:
    """A bus whose five rooms open a case in two seconds each, over lines that can be bad."""
    with arena(Size(nodes=1, each=2, rate_per_s=0.5, seed=SEED)) as made:
        yield made


def told(stage: Stage) -> None:
    """Say what happens, for whoever reads why the test has failed."""
    print(f"{time.monotonic():.1f} {stage.words}: {stage.events} records, {stage.faults} faults")


def test_nothing_is_lost_or_doubled_on_bad_days(where: Arena, tmp_path: Path) -> None:
    """Whatever dies, freezes, is cut off or lied to: all arrives once, and no process ends."""
    print("seed", SEED)
    what = Run(
        seed=SEED,
        faults=plan(SEED, FAULTS, SHORT, tuple(sorted(KINDS))),
        events=100,
        most_s=120.0,
        drain_s=150.0,
        malformed=MALFORMED,
        burst=50,
        backlog=0,
        journal=tmp_path / "journal.jsonl",
    )

    report = run(what, where, told)

    figures = report.to_json()
    wrong = {name: figures[name] for name in ("lost", "duplicated", "refused", "unexpected")}
    assert wrong == {name: [] for name in wrong}
    assert [one for one in report.aims() if one.is_truth and not one.is_met] == [], figures
    assert figures["malformed"] > MALFORMED
    assert figures["confirmed"] == figures["events"] > 100
