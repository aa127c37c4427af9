"""The report of a demonstration: its figures, its file, and when it is good."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from dispatch_bus.application.accounting import Account
from dispatch_bus.application.measuring import Measured
from dispatch_bus.cli.report import Report, percentiles, show, write

MEASURED = Measured(
    pulled={"NL-1": 3, "BE-1": 1},
    mirrors={"delivered": 2},
    handoffs={},
    quarantined=4,
    latencies_ms=[10.0, 20.0, 30.0],
)
ADDS_UP = Account(lost=(), duplicated=(), refused=())
GOOD = Report(
    measured=MEASURED,
    account=ADDS_UP,
    undelivered=0,
    entries=17,
    verified=True,
    drained=True,
)
FAULTS: dict[str, dict[str, Any]] = {
    "lost": {"account": attrs.evolve(ADDS_UP, lost=("record NL:1",))},
    "duplicated": {"account": attrs.evolve(ADDS_UP, duplicated=("message m",))},
    "undelivered": {"undelivered": 1},
    "not verified": {"verified": False},
    "not drained": {"drained": False},
}


def shown(report: Report) -> str:
    """Return what is printed of a report."""
    console = Console(record=True, width=120, file=io.StringIO())
    show(report, console)
    return console.export_text()


def test_a_report_without_fault_is_good() -> None:
    """Quarantined records are no fault: they are kept, and can be seen."""
    assert GOOD.is_good


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_makes_a_report_bad(fault: str) -> None:
    """One is enough."""
    assert not attrs.evolve(GOOD, **FAULTS[fault]).is_good


def test_the_file_holds_every_figure(tmp_path: Path) -> None:
    """Programs read it, so its shape is fixed."""
    write(GOOD, tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == {
        "pulled": {"NL-1": 3, "BE-1": 1},
        "mirrors": {"delivered": 2},
        "handoffs": {},
        "latency_ms": {"p50": 20.0, "p95": 29.0, "p99": 29.8},
        "quarantined": 4,
        "journal": {"entries": 17, "verified": True},
        "lost": 0,
        "duplicated": 0,
        "undelivered": 0,
        "drained": True,
    }


def test_what_does_not_add_up_is_named_and_harmless() -> None:
    """A record id may hold anything, markup included."""
    lost = attrs.evolve(ADDS_UP, lost=("record NL:[/]\x1b[2J",), duplicated=("message m",))
    words = shown(attrs.evolve(GOOD, account=lost))
    assert "lost: record NL:[/]·[2J" in words
    assert "doubled: message m" in words


def test_a_journal_that_fails_is_said_so() -> None:
    """In words, not by its colour alone."""
    assert "NOT verified" in shown(attrs.evolve(GOOD, verified=False))
    assert "NOT verified" not in shown(GOOD)


def test_more_centres_than_fit_are_counted() -> None:
    """The busiest come first, the rest is a number."""
    pulled = {f"C-{number}": number for number in range(25)}
    words = shown(attrs.evolve(GOOD, measured=attrs.evolve(MEASURED, pulled=pulled)))
    assert "C-24" in words
    assert "and 15 centres more" in words


@pytest.mark.parametrize("values", [[], [5.0]])
def test_too_few_values_have_no_percentiles(values: list[float]) -> None:
    """A made-up figure would look like a measured one."""
    assert percentiles(values) == {"p50": None, "p95": None, "p99": None}


@given(st.lists(st.floats(0, 1e6), min_size=2))
def test_percentiles_lie_in_order_within_the_values(values: list[float]) -> None:
    """They are rounded to a tenth of a millisecond."""
    found = [one for one in percentiles(values).values() if one is not None]
    assert found == sorted(found)
    assert min(values) - 0.05 <= found[0]
    assert found[-1] <= max(values) + 0.05


def test_the_median_of_few_values_is_the_middle_one() -> None:
    """An outlier does not move it."""
    assert percentiles([1.0, 2.0, 1_000.0])["p50"] == 2.0
