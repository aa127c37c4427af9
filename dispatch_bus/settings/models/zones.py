"""``zones.toml``: the border zones, as far as the configuration has to know them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from dispatch_bus.settings.models.fields import Number, Pair, Table, Text


def _no_slash(value: str) -> str:
    if "/" in value:
        raise ValueError("Write the id without a slash.")
    return value


ZoneId = Annotated[Text, AfterValidator(_no_slash)]


class ZoneEntry(Table):
    """One zone: a strip of ``depth_m`` metres on each side of the border of ``pair``."""

    id: ZoneId
    pair: Pair
    depth_m: Annotated[Number, Field(ge=100, le=50_000)]


class ZonesFile(Table):
    """All of ``zones.toml``; ``label`` names the edition."""

    label: Text
    zone: Annotated[tuple[ZoneEntry, ...], Field(min_length=1)]
