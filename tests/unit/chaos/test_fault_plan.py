"""The plan of bad days."""

from __future__ import annotations

from collections import Counter

import attrs
import pytest
from chaos.driving.faults import ACTS
from chaos.driving.plan import FULL, SERVICES, FaultKind, Lane, lasts_s, plan, stretched


def test_the_same_seed_gives_the_same_days() -> None:
    """Kinds, times and draws are all the same, and another seed gives others."""
    assert plan(7, 50, FULL) == plan(7, 50, FULL)
    assert plan(7, 50, FULL) != plan(8, 50, FULL)


def test_every_kind_comes_before_any_comes_again() -> None:
    """As many faults as there are kinds are one of each."""
    first = [fault.kind for fault in plan(7, len(FaultKind), FULL)]
    assert sorted(first) == sorted(FaultKind)


def test_what_stands_still_does_so_for_thirty_seconds() -> None:
    """A freeze is long enough for every lease and limit to run out."""
    faults = plan(7, len(FaultKind), FULL)
    lasts = {fault.lasts_s for fault in faults if fault.kind.name.startswith("FREEZE_")}
    assert lasts == {30.0}


def test_what_concerns_one_part_waits_and_the_parts_do_not() -> None:
    """Each lane has something; every service is killed and stands still in its own."""
    lanes = Counter(fault.lane for fault in plan(7, len(FaultKind), FULL))
    assert lanes.keys() == set(Lane)
    services = lanes[Lane.ON_THE_WAY] + lanes[Lane.BESIDE_IT]
    assert services == len([*SERVICES, *SERVICES, "ahead", "behind"])


def test_every_kind_can_be_done() -> None:
    """No plan holds a fault that nobody knows how to do."""
    assert ACTS.keys() == set(FaultKind)


def test_faults_that_are_stretched_are_the_same_and_fill_the_time() -> None:
    """No lane is over long before another; what is wanted sooner than possible changes nothing."""
    faults = plan(7, 80, FULL)
    longer = stretched(faults, 3_600.0)
    assert lasts_s(longer) == pytest.approx(3_600.0)
    assert [attrs.evolve(one, after_s=0.0) for one in longer] == [
        attrs.evolve(one, after_s=0.0) for one in faults
    ]
    assert all(late.after_s > soon.after_s for late, soon in zip(longer, faults, strict=True))
    assert stretched(faults, 1.0) == faults
