"""Incidents without their personal fields."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from dispatch_bus.domain.codes import (
    CaseStatus,
    Category,
    Discipline,
    Mode,
    PositionSource,
    Priority,
)
from dispatch_bus.gateway.models.base import Moment, Said

_INCIDENT = "0b5c6c0e-1b1e-4a55-9d0f-1f6a0c7f5a11"


class Source(Said):
    """Where an incident comes from."""

    room: str = Field(examples=["NL-LMS"])
    """The room that reported it."""
    number: str = Field(examples=["2026-004711"])
    """The room's case number."""
    generation: int = Field(examples=[1])
    """Which use of that number: a room may use it again."""


class Part(Said):
    """One discipline's share of an incident."""

    discipline: Discipline = Field(examples=["fire"])
    """The discipline."""
    owner: str = Field(examples=["NL-MK-LIM"])
    """The centre that is responsible for it."""
    former_owner: str | None = Field(examples=[None])
    """The centre that handed it over, or null."""


class Position(Said):
    """A point with its accuracy."""

    lon: float = Field(examples=[5.6909])
    """Longitude, WGS 84 degrees (EPSG:4326)."""
    lat: float = Field(examples=[50.8514])
    """Latitude, WGS 84 degrees (EPSG:4326)."""
    radius_m: float = Field(examples=[25.0])
    """The incident is within so many metres of the point."""
    source: PositionSource = Field(examples=["device"])
    """How the position became known."""


class Linear(Said):
    """A spot on a road, railway, river or tunnel."""

    road: str | None = Field(examples=["A2"])
    """The road's number."""
    direction: str | None = Field(examples=["Eindhoven"])
    """The direction of travel."""
    kilometre: float | None = Field(examples=[254.3])
    """The kilometre mark."""
    rail_line: str | None = Field(examples=[None])
    """The railway line."""
    river_bank: str | None = Field(examples=[None])
    """The bank of the river."""
    tunnel_tube: str | None = Field(examples=[None])
    """The tube of the tunnel."""


class Place(Said):
    """Where an incident is, without its address."""

    position: Position | None
    """The point, or null where the room knows none."""
    linear: Linear | None
    """The spot on a line, or null."""
    municipality: str | None = Field(examples=["Maastricht"])
    """The municipality."""
    country: str | None = Field(examples=["NL"])
    """The country as the room says it (ISO 3166-1 alpha-2)."""


class Classification(Said):
    """The nature of an incident."""

    category: Category = Field(examples=["traffic"])
    """The bus's own category."""
    priority: Priority = Field(examples=[1])
    """The bus's own priority, 1 is the most urgent."""
    code: str = Field(examples=["VKO-L"])
    """The sender's code."""
    label: str = Field(examples=["Ongeval wegvervoer letsel"])
    """The sender's words for it."""
    scheme: str = Field(examples=["NL"])
    """The code list that the code is from."""


class Unit(Said):
    """A vehicle or crew."""

    call_sign: str = Field(examples=["24-101"])
    """The call sign."""
    kind: str = Field(examples=["ambulance"])
    """What it is."""
    status: str = Field(examples=["on_scene"])
    """What it does."""


class Voice(Said):
    """What the telephone is doing."""

    caller_on_line: bool = Field(examples=[True])
    """Whether the caller is still on the line."""
    transferred: bool = Field(examples=[False])
    """Whether the call was passed on."""


class Times(Said):
    """The times that the room's clock has put on the case."""

    available: Moment = Field(examples=["2026-03-01T12:00:00Z"])
    """When this revision could first be had."""
    case_created: Moment = Field(examples=["2026-03-01T11:58:00Z"])
    """When the case was created."""
    event: Moment | None = Field(examples=["2026-03-01T11:56:00Z"])
    """When it happened, or null."""
    call_answered: Moment | None = Field(examples=["2026-03-01T11:57:10Z"])
    """When the call was answered, or null."""


class Report(Said):
    """What the room says about its case, without personal fields."""

    status: CaseStatus = Field(examples=["open"])
    """Whether the room still works on it."""
    revision: int | None = Field(examples=[3])
    """The room's own revision number, or null."""
    classification: Classification
    """The nature of the case."""
    place: Place
    """Where it is."""
    hazards: tuple[str, ...] = Field(examples=[["gas"]])
    """Dangers to crews."""
    units: tuple[Unit, ...]
    """Units that the room has sent or will send."""
    voice: Voice
    """Whether the caller can still be heard."""
    times: Times
    """The times of the case."""


class Incident(Said):
    """An incident at one revision. Its personal fields are had by consultation alone."""

    id: UUID = Field(examples=[_INCIDENT])
    """The incident's id on the bus."""
    source: Source
    """Where it comes from."""
    revision: int = Field(examples=[4])
    """The bus's own revision."""
    decided_revision: int = Field(examples=[4])
    """The revision that was last decided; behind `revision` while a decision is due."""
    mode: Mode = Field(examples=["actual"])
    """Whether this is real. Mark `exercise` and `test` wherever you show it."""
    parts: tuple[Part, ...]
    """One part per discipline, each with one owner."""
    report: Report | None
    """What the room says; null for a stub, an incident of no concern to any neighbour."""
    correlation: str = Field(examples=["NL-LMS:4711"])
    """The correlation id of the last record, from pull to delivery."""
    recorded_at: Moment = Field(examples=["2026-03-01T12:00:01Z"])
    """When this revision was recorded."""
    decided_at: Moment | None = Field(examples=["2026-03-01T12:00:01.200000Z"])
    """When it was last decided, or null."""
