"""Records with a flaw, each as some real system once sent it."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from random import Random

from dispatch_bus.domain.json import JSON


class Flaw(StrEnum):
    """What is wrong with a record."""

    CUT_SHORT = "cut_short"
    NOT_AN_OBJECT = "not_an_object"
    WRONG_TYPES = "wrong_types"
    NUL = "nul"
    LONE_SURROGATE = "lone_surrogate"
    IMPOSSIBLE_COORDINATE = "impossible_coordinate"
    NOT_A_NUMBER = "not_a_number"
    WRONG_SYSTEM = "wrong_system"
    HUGE_NARRATIVE = "huge_narrative"
    FAR_FUTURE = "far_future"
    NO_OFFSET = "no_offset"
    NO_NUMBER = "no_number"
    UNKNOWN_DISCIPLINE = "unknown_discipline"
    DEEP_NESTING = "deep_nesting"
    UNKNOWN_TYPE = "unknown_type"


_HUGE = 5_000_000


def draw_flaw(draw: Random) -> Flaw:
    """Draw a flaw; the huge narrative is rare."""
    flaws = list(Flaw)
    weights = [1 if flaw is Flaw.HUGE_NARRATIVE else 5 for flaw in flaws]
    return draw.choices(flaws, weights)[0]


def flawed(body: JSON, flaw: Flaw) -> str:
    """Return the text of a record with one flaw."""
    if flaw is Flaw.CUT_SHORT:
        text = json.dumps(body)
        return text[: len(text) // 2]
    if flaw is Flaw.NOT_AN_OBJECT:
        return json.dumps([body])
    if flaw is Flaw.DEEP_NESTING:
        return "[" * 100_000
    return json.dumps({**body, **_CHANGES[flaw](body)})


def _note(body: JSON, text: str) -> JSON:
    return {"notes": [{"text": text, "language": "en", "at": body["times"]["created"]}]}


def _position(x: float, y: float) -> JSON:
    return {"position": {"x": x, "y": y}}


def _times(body: JSON, created: str) -> JSON:
    return {"times": {**body["times"], "created": created}}


_CHANGES: dict[Flaw, Callable[[JSON], JSON]] = {
    Flaw.WRONG_TYPES: lambda _: {"parts": ["fire"], "code": 12},
    Flaw.NUL: lambda body: _note(body, "stopped here\x00and went on"),
    Flaw.LONE_SURROGATE: lambda body: _note(body, "half a sign \ud83d"),
    Flaw.IMPOSSIBLE_COORDINATE: lambda _: _position(1e9, 1e9),
    Flaw.NOT_A_NUMBER: lambda _: _position(float("nan"), 0.0),
    Flaw.WRONG_SYSTEM: lambda _: _position(5.69, 50.85),
    Flaw.HUGE_NARRATIVE: lambda body: _note(body, "again and " * (_HUGE // 10)),
    Flaw.FAR_FUTURE: lambda body: _times(body, "2077-01-01T00:00:00+00:00"),
    Flaw.NO_OFFSET: lambda body: _times(body, "2026-03-01T12:00:00"),
    Flaw.NO_NUMBER: lambda _: {"number": None},
    Flaw.UNKNOWN_DISCIPLINE: lambda _: {"parts": {"mountain_rescue": "NOBODY"}},
    Flaw.UNKNOWN_TYPE: lambda _: {"type": "dossier"},
}
