"""Splits values into what may stand in the clear and what is stored as ciphertext alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from dispatch_bus.domain.agreement import PERSONAL
from dispatch_bus.domain.json import from_json, to_json
from dispatch_bus.domain.message import Message
from dispatch_bus.domain.report import Report
from dispatch_bus.store.keys import DataKey

JSON = dict[str, Any]


def split_report(
    report: Report, open_key: Callable[[], DataKey], incident: UUID
) -> tuple[JSON, bytes | None]:
    """Return the report's open fields and the ciphertext of its personal ones.

    The key is opened only where there are any: without them a case outlives its key.
    """
    plain = to_json(report)
    personal = plain.pop("personal", None)
    return plain, _seal(personal, open_key, incident)


def join_report(plain: JSON, sealed: bytes | None, key: DataKey | None, incident: UUID) -> Report:
    """Put a report together again; without a key its personal fields stay empty."""
    personal = _unseal(sealed, key, incident)
    return from_json(plain | {"personal": personal} if personal else plain, Report)


def split_message(message: Message, open_key: Callable[[], DataKey]) -> tuple[JSON, bytes | None]:
    """Return the message's open fields and the ciphertext of its personal content.

    The key is opened only where there is any.
    """
    plain = to_json(message)
    content = plain["content"]
    personal = {str(name): content.pop(name) for name in PERSONAL if content.get(name)}
    return plain, _seal(personal, open_key, message.incident)


def join_message(plain: JSON, sealed: bytes | None, key: DataKey | None) -> Message:
    """Put a message together again; without a key its personal content is left out."""
    incident = UUID(plain["incident"])
    personal = _unseal(sealed, key, incident) or {}
    return from_json(plain | {"content": plain["content"] | personal}, Message)


def _seal(personal: JSON | None, open_key: Callable[[], DataKey], incident: UUID) -> bytes | None:
    if not personal:
        return None
    return open_key().seal(json.dumps(personal).encode(), about=incident.bytes)


def _unseal(sealed: bytes | None, key: DataKey | None, incident: UUID) -> JSON | None:
    if sealed is None or key is None:
        return None
    opened: JSON = json.loads(key.unseal(sealed, about=incident.bytes))
    return opened
