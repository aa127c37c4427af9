"""``codes/*.toml``: what a room's own incident codes mean on the bus."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatch_bus.domain.codes import Category, Priority
from dispatch_bus.settings.models.fields import Id, Table, Text


class CodeEntry(Table):
    """One national code with its label, category and priority."""

    code: Annotated[Text, Field(max_length=60)]
    label: Text
    category: Category
    priority: Priority


class CodesFile(Table):
    """One whole code list; ``scheme`` is the name that travels beside each code."""

    scheme: Id
    code: Annotated[tuple[CodeEntry, ...], Field(min_length=1)]
