"""The room's own case for a part that it has taken over: it says whose copy it is."""

from __future__ import annotations

from datetime import datetime

from dispatch_bus.domain.codes import CaseStatus, Category
from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk.simulator.chance import chance, within
from dispatch_bus.sdk.simulator.spec import Spec

# Opened, a unit is sent, closed.
LAST_STEP = 2
_CARRIED = ("hazards", "voice", "location", "address", "notes", "people", "vehicles", "call_back")


def pause_s(spec: Spec, message: JSON) -> float:
    """Return the seconds between two records of the case."""
    return within(spec.behaviour.open_s, chance(spec, message["notice"], "pause")) / LAST_STEP


def record(spec: Spec, message: JSON, number: str, step: int, opened: str, now: datetime) -> JSON:
    """Write the record of ``step`` from the message that said the part is now here."""
    content = message["content"]
    told: JSON = {
        "type": "case",
        "number": number,
        "revision": step + 1,
        "status": CaseStatus.CLOSED if step == LAST_STEP else CaseStatus.OPEN,
        "mode": message["mode"],
        "parts": {message["discipline"]: message["to"]},
        "times": {"available": now.isoformat(), "created": opened},
        "returns": message["incident"],
        **_classification(spec, content),
        **{name: content[name] for name in _CARRIED if content.get(name)},
    }
    position = content.get("position")
    if position and position["epsg"] == spec.epsg:
        told["position"] = {name: value for name, value in position.items() if name != "epsg"}
    if step:
        told["units"] = [{"call_sign": "T 1", "kind": "first unit", "status": "on the way"}]
    return told


def _classification(spec: Spec, content: JSON) -> JSON:
    """Find the room's own code for the category, else keep the sender's."""
    category = content.get("category", Category.UNMAPPED)
    for code in spec.codes:
        if code.category == category:
            return {"code": code.code, "label": code.label}
    return {"code": content.get("code", "taken over"), "label": content.get("label", "taken over")}
