"""The personal fields of an incident."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from dispatch_bus.gateway.models.base import Moment, Said


class Address(Said):
    """A street address."""

    street: str | None = Field(examples=["Markt"])
    """The street."""
    house_number: str | None = Field(examples=["78"])
    """The house number with its additions."""
    postcode: str | None = Field(examples=["6211 CL"])
    """The postcode."""
    city: str | None = Field(examples=["Maastricht"])
    """The city."""
    object_name: str | None = Field(examples=["Stadhuis"])
    """The name of the building or site."""


class Note(Said):
    """One piece of narrative."""

    text: str = Field(examples=["Bestuurder bekneld"])
    """The words."""
    language: str = Field(examples=["nl"])
    """Their language (BCP 47)."""
    at: Moment = Field(examples=["2026-03-01T11:59:00Z"])
    """When it was written."""


class Person(Said):
    """A person in the case."""

    role: str = Field(examples=["caller"])
    """What the person is in the case."""
    name: str | None = Field(examples=["J. Jansen"])
    """The name, or null."""
    phone: str | None = Field(examples=["+31 000 000 000"])
    """The telephone number, or null."""
    remark: str | None = Field(examples=[None])
    """A remark, or null."""


class Vehicle(Said):
    """A vehicle in the case."""

    plate: str | None = Field(examples=["XX-000-X"])
    """The number plate, or null."""
    country: str | None = Field(examples=["NL"])
    """The country of the plate, or null."""
    description: str | None = Field(examples=["red van"])
    """What it looks like, or null."""


class Personal(Said):
    """Everything that can point at a person."""

    address: Address | None
    """The street address, or null."""
    notes: tuple[Note, ...]
    """The narrative."""
    people: tuple[Person, ...]
    """The people."""
    vehicles: tuple[Vehicle, ...]
    """The vehicles."""
    call_back: str | None = Field(examples=["+31 000 000 000"])
    """The number to call back, or null."""


class Details(Said):
    """The personal fields of one revision. That they were opened is in the journal."""

    incident: UUID = Field(examples=["0b5c6c0e-1b1e-4a55-9d0f-1f6a0c7f5a11"])
    """The incident's id."""
    revision: int = Field(examples=[4])
    """The revision that was opened."""
    erased: bool = Field(examples=[False])
    """Whether retention has ended and the fields were destroyed; then all are empty."""
    personal: Personal
    """The fields."""
