"""Writes a planned case as the room's own records, one per step."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatch_bus.domain.codes import CaseStatus, Category, Discipline, PositionSource, Priority
from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk.coordinates import from_wgs84
from dispatch_bus.sdk.simulator.atlas import Where, displaced
from dispatch_bus.sdk.simulator.chance import chance
from dispatch_bus.sdk.simulator.plan import Plan
from dispatch_bus.sdk.simulator.sites import SiteKind
from dispatch_bus.sdk.simulator.spec import Spec
from dispatch_bus.sdk.simulator.texts import STREETS, said

_CREWS = {
    Discipline.FIRE: ("F", "fire engine"),
    Discipline.AMBULANCE: ("A", "ambulance"),
    Discipline.POLICE: ("P", "patrol car"),
}
_STATUSES = ("assigned", "on the way", "on scene")
_SCATTER_M = 300.0
_MOST_URGENT_AFTER = 0.8


def record(spec: Spec, plan: Plan, step: int, opened: datetime, now: datetime) -> JSON:
    """Write the record of ``step`` (0 opens the case, the last closes it), available at ``now``."""
    told: dict[str, Any] = {
        "type": "case",
        "number": plan.number,
        "revision": step + 1 if plan.counted else None,
        "status": CaseStatus.CLOSED if plan.steps and step == len(plan.steps) else CaseStatus.OPEN,
        "mode": plan.mode,
        "code": plan.code.code,
        "label": plan.code.label,
        "priority": _priority(spec, plan, step),
        "parts": dict(plan.parts),
        "times": _times(opened, now),
        "position": _position(spec, plan, step),
        "location": _location(plan),
        "units": _units(spec, plan, step),
        "hazards": _hazards(spec, plan),
        "voice": {"caller_on_line": step == 0},
        **_personal(spec, plan, opened),
    }
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def _times(opened: datetime, now: datetime) -> JSON:
    return {
        "available": now.isoformat(),
        "created": opened.isoformat(),
        "call_answered": (opened - timedelta(seconds=20)).isoformat(),
        "event": (opened - timedelta(minutes=2)).isoformat(),
    }


def _priority(spec: Spec, plan: Plan, step: int) -> int:
    worse = step > 0 and chance(spec, plan.n, "worse").random() > _MOST_URGENT_AFTER
    return int(Priority.LIFE_AT_RISK if worse else plan.code.priority)


def _position(spec: Spec, plan: Plan, step: int) -> JSON | None:
    if plan.where is Where.UNKNOWN:
        return None
    draw = chance(spec, plan.n, "position")
    scatter = _SCATTER_M if plan.site.kind in (SiteKind.PLACE, SiteKind.POSTCODE) else 0.0
    x, y = from_wgs84(*displaced(plan.site, scatter, draw), spec.epsg)
    source, accuracy_m = _accuracy(plan.where, draw)
    return {
        "x": round(float(x), 2 if spec.epsg != 4326 else 7),
        "y": round(float(y), 2 if spec.epsg != 4326 else 7),
        # Each further record knows it better.
        "accuracy_m": round(accuracy_m / 2**step, 1),
        "source": source,
    }


def _accuracy(where: Where, draw: Random) -> tuple[PositionSource, float]:
    if where is Where.UNCERTAIN:
        return PositionSource.NETWORK_CELL, draw.uniform(500, 8_000)
    return draw.choice(
        (
            (PositionSource.DEVICE, draw.uniform(5, 50)),
            (PositionSource.ADDRESS, 10.0),
            (PositionSource.CALLER, draw.uniform(50, 200)),
        )
    )


def _location(plan: Plan) -> JSON:
    told = {"municipality": plan.site.name, "road": plan.site.road}
    return {name: value for name, value in told.items() if value is not None}


def _units(spec: Spec, plan: Plan, step: int) -> list[JSON]:
    crews = [_CREWS[Discipline(each)] for each in plan.parts]
    draw = chance(spec, plan.n, "units")
    signs = [draw.randrange(10, 100) for _ in range(step)]
    return [
        {
            "call_sign": f"{crews[at % len(crews)][0]} {sign}",
            "kind": crews[at % len(crews)][1],
            "status": _STATUSES[min(step - at - 1, 2)],
        }
        for at, sign in enumerate(signs)
    ]


def _hazards(spec: Spec, plan: Plan) -> list[str]:
    if plan.code.category is Category.HAZARDOUS_MATERIAL:
        return [chance(spec, plan.n, "hazard").choice(("UN 1203", "UN 1005", "UN 1965"))]
    return []


def _personal(spec: Spec, plan: Plan, opened: datetime) -> JSON:
    draw = chance(spec, plan.n, "personal")
    phone = f"+00 000 {draw.randrange(1000, 10000)}"
    said_first = said(plan.code.category, plan.language)
    note = {"text": said_first, "language": plan.language, "at": opened.isoformat()}
    told: JSON = {"notes": [note], "people": [{"role": "caller", "phone": phone}]}
    if plan.where is not Where.UNKNOWN:
        told["address"] = _address(plan, draw)
    if plan.code.category is Category.TRAFFIC:
        told["vehicles"] = [{"plate": f"SIM {draw.randrange(100, 1000)}", "country": spec.country}]
    return {**told, "call_back": phone}


def _address(plan: Plan, draw: Random) -> JSON:
    told = {
        "street": draw.choice(STREETS[plan.site.country]),
        "house_number": str(draw.randrange(1, 120)),
        "postcode": plan.site.postcode,
        "city": plan.site.name,
    }
    return {name: value for name, value in told.items() if value is not None}
