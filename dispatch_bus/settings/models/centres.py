"""``centres.toml``: the control room organisations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dispatch_bus.domain.centre import SecondChannel
from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.settings.models.fields import Country, Id, Language, Number, Table, Text, Truth

Kind = Literal[
    "meldkamer",
    "nc112",
    "cic101",
    "csu112",
    "cin113",
    "leitstelle112",
    "polizei110",
    "samu15",
    "codis18",
    "corg17",
    "cic17",
    "maritime",
]
Disciplines = Annotated[tuple[Discipline, ...], Field(min_length=1)]


class DeskEntry(Table):
    """One work place and the disciplines it serves."""

    name: Text
    disciplines: Disciplines


class CentreEntry(Table):
    """One centre: position in WGS 84 degrees (EPSG:4326), catchment as area ids.

    ``confirmed`` turns true once its authority has checked the entry.
    """

    id: Id
    name: Text
    country: Country
    city: Text
    lon: Annotated[Number, Field(ge=-180, le=180)]
    lat: Annotated[Number, Field(ge=-90, le=90)]
    disciplines: Disciplines
    catchment: Annotated[tuple[Id, ...], Field(min_length=1)]
    kind: Kind
    numbers: tuple[Text, ...]
    phone: Text
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    second_channel: SecondChannel
    desks: Annotated[tuple[DeskEntry, ...], Field(min_length=1)]
    room: Id | None = None
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)] = tuple(Mode)
    confirmed: Truth


class CentresFile(Table):
    """All of ``centres.toml``."""

    centre: Annotated[tuple[CentreEntry, ...], Field(min_length=1)]
