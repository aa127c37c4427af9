"""The aims of bad days, from figures that are known."""

from __future__ import annotations

from typing import Any

import pytest
from chaos.driving.aims import aims

GOOD: dict[str, Any] = {
    "faults": 2,
    "faults_asked": 2,
    "events": 100,
    "events_asked": 100,
    "lost": [],
    "duplicated": [],
    "refused": [],
    "unexpected": [],
    "journal": {"verified": True},
    "drained_s": 0.0,
    "malformed": 5,
    "malformed_quarantined": 5,
    "longest_blocked_s_broker_frozen": 1.0,
    "recovery_s_broker_killed": {"p95": None},
    "backlog": {"tellings": 10, "per_s": 500.0, "overtaken": 0, "backwards": 0},
}


def missed(**changes: object) -> list[tuple[str, bool]]:
    """Return what is missed, and whether it is a question of truth."""
    return [(one.what, one.is_truth) for one in aims({**GOOD, **changes}) if not one.is_met]


def test_good_figures_meet_every_aim() -> None:
    """Also where there was nothing to be measured."""
    assert missed() == []
    assert missed(backlog=None) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"lost": ["a record"]}, "lost"),
        ({"unexpected": ["a process ended"]}, "unexpected"),
        ({"journal": {"verified": False}}, "journal"),
        ({"drained_s": None}, "all done in the end"),
        ({"malformed_quarantined": 4}, "malformed messages quarantined"),
        ({"backlog": GOOD["backlog"] | {"backwards": 1}}, "backlog: backwards"),
    ],
)
def test_what_must_never_be_is_a_question_of_truth(change: dict[str, object], what: str) -> None:
    """No machine is too slow for it."""
    assert missed(**change) == [(what, True)]


@pytest.mark.parametrize(
    "change",
    [
        {"events": 99},
        {"longest_blocked_s_broker_frozen": 5.1},
        {"recovery_s_broker_killed": {"p95": 10.1}},
        {"backlog": GOOD["backlog"] | {"per_s": 499.0}},
    ],
)
def test_what_is_slow_is_not_untrue(change: dict[str, object]) -> None:
    """It is told apart."""
    assert [is_truth for _, is_truth in missed(**change)] == [False]
