"""Quarantined records."""

from __future__ import annotations

import base64
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from dispatch_bus.gateway.models.base import Moment, Said, Taken, Text
from dispatch_bus.store.quarantine import QuarantineState


def _decoded(value: Any) -> Any:
    # The library's own type drops what it does not know, and would replay another record.
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("Send base64 (RFC 4648, section 4)") from None


Base64 = Annotated[
    bytes,
    BeforeValidator(_decoded),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


class Quarantined(Said):
    """A record that could not be understood. Its bytes are not shown: they may be personal."""

    id: UUID = Field(examples=["c1d1b3c2-0a53-4a0f-8c3c-5b8f3f1f6a10"])
    """The record's id in quarantine."""
    room: str = Field(examples=["FR-CTA57"])
    """The room that sent it."""
    record: str = Field(examples=["r-1042"])
    """The room's id of the record."""
    state: QuarantineState = Field(examples=["waiting"])
    """Where it stands."""
    field: str = Field(examples=["times.available"])
    """The path of the field that was refused."""
    remedy: str = Field(examples=["Send a time with its UTC offset (RFC 3339)."])
    """What to write instead."""
    bytes: int = Field(examples=[812])
    """How long the record is."""
    correlation: str = Field(examples=["FR-CTA57:r-1042"])
    """Its correlation id."""
    received_at: Moment = Field(examples=["2026-03-01T12:00:01Z"])
    """When it came."""
    settled_at: Moment | None = Field(examples=[None])
    """When it was replayed or dismissed, or null."""


class Replay(Taken):
    """Ask for a record to be read again."""

    by: Text = Field(examples=["nl-lim-supervisor"])
    """The account that asks, and that has mended the record, never a person's name."""
    mended: Base64 | None = Field(default=None, examples=["eyJudW1iZXIiOiAiNDcxMSJ9"])
    """The mended record (base64, RFC 4648 section 4); without it, the record as it came."""


class Dismissal(Taken):
    """Settle a record that needs no replay."""

    by: Text = Field(examples=["nl-lim-supervisor"])
    """The account that settles it, never a person's name."""
