"""Where each field stands in the room's record and in the bus's report: one table, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, unknown_field

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


def get(data: Mapping[str, Any], path: str) -> Any:
    """Return what stands at ``path``; nothing, or null, is none.

    Raises:
        Refused: a step on the way is no object.
    """
    value: Any = data
    done: list[str] = []
    for step in path.split("."):
        if not isinstance(value, Mapping):
            raise Refused(".".join(done), value, "Send an object.")
        value = value.get(step)
        done.append(step)
        if value is None:
            return None
    return value


def put(data: JSON, path: str, value: Any) -> None:
    """Set what stands at ``path``, with the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        data = data.setdefault(step, {})
    data[last] = value


def refuse_strangers(data: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse a field that no path of ``known`` leads to or through."""
    paths = [path.split(".") for path in known]
    for step, value in data.items():
        deeper = [path[1:] for path in paths if path[0] == step]
        if not deeper:
            raise unknown_field("", [step])
        if all(deeper) and isinstance(value, Mapping):
            _refuse_strangers_in(step, value, (".".join(rest) for rest in deeper))


def _refuse_strangers_in(step: str, value: Mapping[str, Any], known: Iterable[str]) -> None:
    try:
        refuse_strangers(value, known)
    except Refused as error:
        raise Refused(f"{step}.{error.field}", error.value, error.remedy) from None
