"""Valid records as the rooms of the shipped configuration send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch_bus.sdk.coordinates import from_wgs84
from dispatch_bus.settings import Settings

# Beside the border, so that a neighbour has to know: the first centre of each room at such a place.
_PLACES = {
    "NL": ("NL-MK-LIM", 5.700, 50.790),
    "BE": ("BE-NC112-VLI", 5.640, 50.850),
    "LU": ("LU-CSU112", 6.370, 49.540),
    "DE": ("DE-LST-TR", 6.440, 49.570),
    "FR": ("FR-CODIS-57", 6.160, 49.420),
}


def case(settings: Settings, room: str, number: str, **changes: Any) -> dict[str, Any]:
    """Make a fire near the border as ``room`` tells it; ``changes`` replace whole fields."""
    told = next(one.settings for one in settings.rooms if one.settings.id == room)
    centre, lon, lat = _PLACES[room]
    x, y = from_wgs84(lon, lat, told.epsg)
    now = datetime.now(UTC)
    plain = {
        "type": "case",
        "number": number,
        "revision": 1,
        "status": "open",
        "mode": "actual",
        "code": next(code for code, it in told.codes.items() if it.category == "fire"),
        "parts": {"fire": centre},
        "times": {
            "available": now.isoformat(),
            "created": (now - timedelta(minutes=1)).isoformat(),
        },
        "position": {"x": float(x), "y": float(y), "accuracy_m": 10.0, "source": "device"},
        "notes": [{"text": "smoke from the roof", "language": "en", "at": now.isoformat()}],
    }
    return {**plain, **changes}
