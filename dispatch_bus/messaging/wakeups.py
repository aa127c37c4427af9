"""A wake-up as a message: written by the relay, read by the bell."""

from __future__ import annotations

import json
from typing import Any

from dispatch_bus.domain.errors import Refused
from dispatch_bus.store.signals import Wakeup

CONTENT_TYPE = "application/json"
_SHAPE = {"kind": str, "lane": str, "reference": str, "revision": int, "correlation": str}


def body(wakeup: Wakeup) -> bytes:
    """Write a wake-up as JSON (RFC 8259) in UTF-8."""
    return json.dumps({name: getattr(wakeup, name) for name in _SHAPE}).encode()


def read(raw: bytes, content_type: str | None, kind: str) -> Wakeup:
    """Read a message that came under the routing key ``kind``.

    Raises:
        Refused: it is no wake-up of that kind; the reason names its field and the remedy.
    """
    if content_type != CONTENT_TYPE:
        raise Refused("content_type", content_type, f"Only {CONTENT_TYPE} is read.")
    told = _table(raw)
    for name, needed in _SHAPE.items():
        # A truth value passes for a number in Python, and for nothing here.
        if type(told.get(name)) is not needed:
            raise Refused(name, told.get(name), f"A wake-up has a {needed.__name__} there.")
    if told["kind"] != kind:
        raise Refused("kind", told["kind"], f"It came to the queue of {kind!r}.")
    return Wakeup(**{name: told[name] for name in _SHAPE})


def _table(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused("body", raw, "It is no JSON.") from None
    if not isinstance(told, dict):
        raise Refused("body", raw, "It is no JSON object.")
    return told
