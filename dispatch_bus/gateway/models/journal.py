"""The journal's entries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from dispatch_bus.application.feed import Told
from dispatch_bus.domain.codes import Mode
from dispatch_bus.gateway.models.base import Moment, Said


class Entry(Said):
    """One sealed entry, without the ciphertext that it may carry."""

    number: int = Field(examples=[4711])
    """Its number: from 1, without gaps within an epoch."""
    epoch: int = Field(examples=[1])
    """Raised when the journal comes out of a backup; its numbers begin a range of their own."""
    kind: str = Field(examples=["handoff.offered"])
    """What happened. A kind that you do not know is to be shown as it is."""
    at: Moment = Field(examples=["2026-03-01T12:00:01.120000Z"])
    """When, by the database's clock."""
    mode: Mode = Field(examples=["actual"])
    """Whether this is real."""
    incident: UUID | None = Field(examples=["0b5c6c0e-1b1e-4a55-9d0f-1f6a0c7f5a11"])
    """The incident it is about, or null."""
    notice: UUID | None = Field(examples=["5f0d6f0a-93b8-4f43-8f2e-6a1c1f3c2b77"])
    """The notice it is about, or null."""
    correlation: str = Field(examples=["NL-LMS:4711"])
    """The correlation id, from pull to delivery."""
    actor: str = Field(examples=["bus"])
    """The process that wrote it."""
    facts: dict[str, Any] = Field(examples=[{"receiver": "BE-112-LIM", "answer_s": 60}])
    """The explanation, as codes and parameters; nothing personal."""


class History(Said):
    """An incident's sealed entries, oldest first."""

    items: tuple[Entry, ...]
    """The entries. One that is committed but not yet sealed is not among them."""
    next: int | None = Field(examples=[None])
    """Send it as `after` for what follows; null at the end."""


def entry(told: Told) -> Entry:
    """Return the public form of a sealed entry."""
    return Entry(
        number=told.number,
        epoch=told.epoch,
        kind=told.entry.kind,
        at=told.entry.at,
        mode=told.entry.mode,
        incident=told.entry.incident,
        notice=told.entry.notice,
        correlation=told.entry.correlation,
        actor=told.entry.actor,
        facts=dict(told.entry.facts),
    )
