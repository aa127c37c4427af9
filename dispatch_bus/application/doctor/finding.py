"""What one look has found."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import frozen


class Grade(StrEnum):
    """How bad it is: a ``warning`` will become a ``problem``, and that is one for somebody now."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@frozen
class Finding:
    """What was found of a ``topic``, and the ``remedy``, which is empty where nothing is to do."""

    topic: str
    grade: Grade
    what: str
    remedy: str = ""


def ok(topic: str, what: str) -> Finding:
    """Make the finding that all is well."""
    return Finding(topic, Grade.OK, what)


def warning(topic: str, what: str, remedy: str) -> Finding:
    """Make the finding that something will go wrong, or should be known."""
    return Finding(topic, Grade.WARNING, what, remedy)


def problem(topic: str, what: str, remedy: str) -> Finding:
    """Make the finding that something is wrong now."""
    return Finding(topic, Grade.PROBLEM, what, remedy)


def worst(findings: Iterable[Finding]) -> Grade:
    """Return the worst grade of all."""
    found = {one.grade for one in findings}
    return next((one for one in reversed(Grade) if one in found), Grade.OK)


def span(seconds: float) -> str:
    """Say a length of time as people do."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s"
