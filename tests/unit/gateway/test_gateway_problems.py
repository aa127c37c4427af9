"""The one table from error to HTTP."""

from __future__ import annotations

import json
from datetime import date

import pytest

from dispatch_bus.domain.errors import NotAllowed, Refused, Retry, Stop, Unknown
from dispatch_bus.gateway.problems import MEDIA_TYPE, TABLE, Late, Unauthorised, problem
from dispatch_bus.store.keys import Erased


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (Unauthorised(), 401, "unauthorised"),
        (Unknown("notice", "7", "Use an id."), 404, "unknown"),
        (NotAllowed("state", "closed", "It has ended."), 409, "not-allowed"),
        (Refused("by", "", "Say who."), 422, "refused"),
        (Erased(date(2026, 3, 1)), 422, "refused"),
        (Retry("no answer"), 503, "retry"),
        (Late(30), 503, "late"),
        (Stop("The disk is full.", "Free space."), 503, "stop"),
        (ValueError("secret"), 500, "fault"),
    ],
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int, name: str) -> None:
    """The most particular row that fits decides status and type."""
    answer = problem(error)
    body = json.loads(answer.body)
    assert (answer.status_code, body["status"]) == (status, status)
    assert body["type"] == f"urn:dispatch-bus:problem:{name}"
    assert answer.media_type == MEDIA_TYPE


def test_the_particular_stands_before_the_general() -> None:
    """No row is hidden by one above it."""
    kinds = list(TABLE)
    hidden = [
        (upper, lower)
        for place, upper in enumerate(kinds)
        for lower in kinds[place + 1 :]
        if issubclass(lower, upper)
    ]
    assert hidden == []


def test_a_refusal_names_field_value_and_remedy() -> None:
    """Who sent a wrong value is told where it stood, what it was and what to write."""
    body = json.loads(problem(Refused("at", "noon", "Send an offset.")).body)
    assert (body["field"], body["value"], body["remedy"]) == ("at", "'noon'", "Send an offset.")


@pytest.mark.parametrize(("after_s", "told"), [(0.1, "1"), (1.0, "1"), (1.2, "2"), (60, "60")])
def test_what_may_be_tried_again_says_when(after_s: float, told: str) -> None:
    """The wait is told in whole seconds, never too short and never none."""
    assert problem(Retry("busy", after_s)).headers["retry-after"] == told


def test_a_fault_tells_a_stranger_nothing() -> None:
    """The words of an unexpected error stay in the log."""
    assert b"secret" not in problem(ValueError("secret")).body
