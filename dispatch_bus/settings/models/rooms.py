"""``rooms.toml``: the connected CAD installations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from dispatch_bus.settings.models.fields import Count, Country, Id, Table


class RoomEntry(Table):
    """One room: which adapter speaks to it, in which coordinates and codes.

    ``epsg`` is the code of its reference system; ``codes`` names a file in ``codes/``;
    ``in_flight`` is how many messages it is handed before it has answered the first; the adapter
    itself says what ``options`` it takes.
    """

    id: Id
    country: Country
    adapter: Id
    epsg: Count
    codes: Id
    in_flight: Annotated[Count, Field(le=100)] = 32
    options: Annotated[dict[str, Any], Field(default_factory=dict)]


class RoomsFile(Table):
    """All of ``rooms.toml``."""

    room: Annotated[tuple[RoomEntry, ...], Field(min_length=1)]
