"""Health."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dispatch_bus.application.health import Condition
from dispatch_bus.gateway.models.base import Moment, Said


class Check(Said):
    """One thing that was looked at."""

    name: str = Field(examples=["journal"])
    """What: `store`, `journal`, `backlog`, `rooms` or `processes`."""
    condition: Condition = Field(examples=["ok"])
    """How it is; `degraded` needs a person's eye, `failed` means that work stands still."""
    facts: dict[str, Any] = Field(
        examples=[{"entries": 4711, "last_entry_age_s": 0.4, "unsealed": 2}]
    )
    """Its figures."""


class Health(Said):
    """How the bus is."""

    condition: Condition = Field(examples=["ok"])
    """The worst of all checks; the status is 503 when it is `failed`."""
    at: Moment | None = Field(examples=["2026-03-01T12:00:20Z"])
    """The database's time, or null when it did not answer."""
    checks: tuple[Check, ...]
    """Each thing that was looked at."""
