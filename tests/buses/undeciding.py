"""Has a bus decide again what it has decided, as after a change of its rules."""

from __future__ import annotations

from sqlalchemy import text

from dispatch_bus.application.bus import Bus

_UNDECIDE = text(
    "UPDATE incident SET decided_revision = 0 WHERE id IN"
    " (SELECT id FROM incident WHERE NOT is_stub ORDER BY recorded_at DESC LIMIT 1000"
    " FOR UPDATE SKIP LOCKED)"
)


def undecide(bus: Bus) -> int:
    """Leave the newest incidents to the coordinators once more; return how many."""
    with bus.store._engine.begin() as connection:
        return int(connection.execute(_UNDECIDE).rowcount)
