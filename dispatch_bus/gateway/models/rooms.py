"""Rooms."""

from __future__ import annotations

from pydantic import Field

from dispatch_bus.application.rooms import Reading
from dispatch_bus.gateway.models.base import Moment, Said


class Room(Said):
    """A connected CAD installation."""

    id: str = Field(examples=["BE-ASTRID"])
    """The room's id."""
    centres: tuple[str, ...] = Field(examples=[["BE-112-LIM", "BE-101-LIM"]])
    """The centres that work on it."""
    reading: Reading = Field(examples=["reachable"])
    """Whether its records reach the bus; `unread` when no process of the bus reads it."""
    unreachable_since: Moment | None = Field(examples=[None])
    """Since when it does not answer, or null."""
    records: int = Field(examples=[1204])
    """Records pulled so far."""
    last_record_at: Moment | None = Field(examples=["2026-03-01T11:59:58Z"])
    """When the last page with a record was stored, or null."""
    undelivered: int = Field(examples=[0])
    """Tellings that are still to reach it."""
    undelivered_since: Moment | None = Field(examples=[None])
    """Since when the oldest of them waits, or null."""
    clock_ahead_s: float | None = Field(examples=[0.012])
    """Seconds that its clock was ahead of the bus's when last measured, or null."""
    inbox_waiting: int | None = Field(examples=[None])
    """Messages in its inbox when last asked, or null where it has none."""
    inbox_full_since: Moment | None = Field(examples=[None])
    """Since when its inbox takes no more, or null."""


class Rooms(Said):
    """Every room."""

    at: Moment = Field(examples=["2026-03-01T12:00:20.200000Z"])
    """The database's time at which this was read: show its age."""
    items: tuple[Room, ...]
    """The rooms, by id."""
