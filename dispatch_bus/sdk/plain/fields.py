"""Where each field stands in the room's record and in the bus's report: one table, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, unknown_field

# The names that paths begin with, and what may follow each; nothing, where a path ends.
_Tree: TypeAlias = Mapping[str, "_Tree"]
# The room's name, the bus's name.
FIELDS = (
    ("number", "number"),
    ("revision", "revision"),
    ("status", "status"),
    ("mode", "mode"),
    ("hazards", "hazards"),
    ("units", "units"),
    ("voice", "voice"),
    ("returns", "returns"),
    ("times.available", "times.available"),
    ("times.created", "times.case_created"),
    ("times.event", "times.event"),
    ("times.call_answered", "times.call_answered"),
    ("location.road", "place.linear.road"),
    ("location.direction", "place.linear.direction"),
    ("location.kilometre", "place.linear.kilometre"),
    ("location.rail_line", "place.linear.rail_line"),
    ("location.river_bank", "place.linear.river_bank"),
    ("location.tunnel_tube", "place.linear.tunnel_tube"),
    ("location.municipality", "place.municipality"),
    ("location.country", "place.country"),
    ("position.accuracy_m", "place.position.radius_m"),
    ("position.source", "place.position.source"),
    ("address", "personal.address"),
    ("notes", "personal.notes"),
    ("people", "personal.people"),
    ("vehicles", "personal.vehicles"),
    ("call_back", "personal.call_back"),
)


def get(data: JSON, path: str) -> Any:
    """Return what stands at ``path``; nothing, or null, is none.

    Raises:
        Refused: a step on the way is no object.
    """
    value: Any = data
    steps = _steps(path)
    for done, step in enumerate(steps):
        if not isinstance(value, dict):
            raise Refused(".".join(steps[:done]), value, "Send an object.")
        value = value.get(step)
        if value is None:
            return None
    return value


def put(data: JSON, path: str, value: Any) -> None:
    """Set what stands at ``path``, with the objects on the way."""
    *way, last = _steps(path)
    for step in way:
        data = data.setdefault(step, {})
    data[last] = value


def refuse_strangers(data: JSON, known: tuple[str, ...]) -> None:
    """Refuse a field that no path of ``known`` leads to or through."""
    _refuse_strangers(data, _tree(known), "")


def _refuse_strangers(data: JSON, known: _Tree, path: str) -> None:
    for step, value in data.items():
        if step not in known:
            raise unknown_field(path, [step])
        if known[step] and isinstance(value, dict):
            _refuse_strangers(value, known[step], f"{path}.{step}" if path else step)


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


@cache
def _tree(paths: tuple[str, ...]) -> _Tree:
    following: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition(".")
        following.setdefault(first, []).append(rest)
    # Where one path ends and another goes on, what stands there is not looked into.
    return {first: _tree(tuple(rest)) if all(rest) else {} for first, rest in following.items()}
