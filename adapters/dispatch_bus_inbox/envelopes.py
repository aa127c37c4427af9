"""Records from a room's outbox: as the room wrote them, or wrapped with what is wrong about them.

A record is read from its bytes alone, weeks later too. So what is wrong with the message around it
is kept in bytes of our own, which begin as no record may.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from dispatch_bus.domain.checks import storable
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.json import JSON, from_json, parse
from dispatch_bus.domain.message import Unread
from dispatch_bus.sdk.adapter import RawRecord
from dispatch_bus.sdk.amqp import Delivery
from dispatch_bus.sdk.mailbox import MAX_BODY_BYTES, Mailbox

_KEPT_BYTES = 64 * 1024
_OURS = "dispatch-bus"
_BEGINNING = f'{{"{_OURS}": '.encode()
_PROPERTIES = ("user_id", "content_type", "content_encoding", "message_id")


def record_of(delivery: Delivery, mailbox: Mailbox) -> RawRecord:
    """Return a message as a record; what is no sound message is one all the same."""
    if delivery.queue == mailbox.unread:
        return _unread(delivery)
    told = {name: _text(getattr(delivery.properties, name)) for name in _PROPERTIES}
    told |= {"bytes": len(delivery.body), "ours": delivery.body.startswith(_BEGINNING)}
    if _fault(told, mailbox.user) is None:
        return RawRecord(id=str(told["message_id"]), raw=delivery.body)
    return RawRecord(id=_name(told, delivery.body), raw=_wrapped("refused", told, delivery.body))


def open_ours(raw: bytes, mailbox: Mailbox) -> Unread | None:
    """Read what we have wrapped; none if it is a record as the room wrote it.

    Raises:
        Refused: naming the message's property that is wrong.
    """
    if not raw.startswith(_BEGINNING):
        return None
    told = parse(raw)
    kind = told.pop(_OURS)
    if kind == "unread":
        return from_json(told, Unread)
    fault = _fault(told, mailbox.user)
    raise fault or Refused("record", None, "Replay it with the record itself.")


def _fault(told: Mapping[str, Any], user: str) -> Refused | None:
    """Return what is wrong with a message's properties, if anything is."""
    remedies = {
        "user_id": None if told["user_id"] == user else f"Set it to your own user, {user}.",
        "content_type": _unless(told["content_type"] == "application/json", "application/json"),
        "content_encoding": _unless(told["content_encoding"] in {None, "", "utf-8"}, "utf-8"),
        "message_id": None if _is_name(told["message_id"]) else "Send 1 to 200 characters.",
        "bytes": _unless(told["bytes"] <= MAX_BODY_BYTES, f"at most {MAX_BODY_BYTES:,} bytes"),
        "ours": _unless(not told["ours"], f"a record, which does not begin with {_OURS!r}"),
    }
    wrong = ((name, remedy) for name, remedy in remedies.items() if remedy)
    return next((Refused(name, told[name], remedy) for name, remedy in wrong), None)


def _unless(right: bool, what: str) -> str | None:
    return None if right else f"Send {what}."


def _is_name(value: Any) -> bool:
    try:
        return bool(storable("message_id", value).strip())
    except Refused:
        return False


def _name(told: Mapping[str, Any], body: bytes) -> str:
    name = told["message_id"]
    return str(name) if _is_name(name) else f"sha256-{sha256(body).hexdigest()}"


def _text(value: Any) -> Any:
    return value if isinstance(value, str | None) else repr(value)


def _wrapped(kind: str, told: JSON, body: bytes) -> bytes:
    kept = body if len(body) <= MAX_BODY_BYTES else body[:_KEPT_BYTES]
    more = {"sha256": sha256(body).hexdigest(), "body": b64encode(kept).decode()}
    return json.dumps({_OURS: kind, **told, **more}).encode()


def _unread(delivery: Delivery) -> RawRecord:
    """Say which message came back: never its content, which may be personal."""
    message, death = _text(delivery.properties.message_id), _death(delivery)
    at = death.get("time")
    when = at.isoformat() if isinstance(at, datetime) else None
    # Where the broker's word is none, reading it refuses it by name.
    told = {"message": message, "reason": _text(death.get("reason")), "at": when}
    raw = json.dumps({_OURS: "unread", **told}).encode()
    name = f"unread {message} {when}"
    sound = when is not None and _is_name(name)
    return RawRecord(id=name if sound else f"sha256-{sha256(raw).hexdigest()}", raw=raw)


def _death(delivery: Delivery) -> Mapping[Any, Any]:
    """Return the broker's last word on why a message left its queue; empty if there is none."""
    deaths = (delivery.properties.headers or {}).get("x-death")
    last = deaths[0] if isinstance(deaths, list) and deaths else None
    return last if isinstance(last, dict) else {}
