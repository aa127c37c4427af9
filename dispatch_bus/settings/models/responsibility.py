"""``responsibility.toml``: who is responsible where, per discipline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatch_bus.settings.models.centres import Disciplines
from dispatch_bus.settings.models.fields import Id, Table, Text


class DutyEntry(Table):
    """One decision for each pair of its areas and disciplines.

    Either ``centre`` (with or without ``backup``) or ``unserved`` with the reason.
    """

    areas: Annotated[tuple[Id, ...], Field(min_length=1)]
    disciplines: Disciplines
    centre: Id | None = None
    backup: Id | None = None
    unserved: Text | None = None


class ResponsibilityFile(Table):
    """All of ``responsibility.toml``."""

    duty: Annotated[tuple[DutyEntry, ...], Field(min_length=1)]
