"""What the room reads of a message that it is handed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import attrs
from attrs import field, frozen

from dispatch_bus.domain.checks import characters
from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, from_json
from dispatch_bus.domain.message import Act
from dispatch_bus.domain.notice import Side


@frozen(kw_only=True)
class Telling:
    """The envelope of a message; ``content`` is kept as it came."""

    id: str = field(validator=characters())
    notice: UUID
    act: Act
    side: Side
    sequence: int
    to: str
    discipline: Discipline
    mode: Mode
    incident: UUID
    content: dict[str, Any]


def read(message: Mapping[str, Any], centres: Collection[str]) -> Telling:
    """Read a message.

    Raises:
        Refused: a field is missing or wrong, or it is for none of the room's ``centres``.
    """
    names = [each.name for each in attrs.fields(Telling)]
    envelope: JSON = {name: message[name] for name in names if name in message}
    telling = from_json(envelope, Telling)
    if telling.to not in centres:
        raise Refused("to", telling.to, f"Send it to one of: {', '.join(sorted(centres))}.")
    return telling
