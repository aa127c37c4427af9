"""What crosses the socket between the bus and an adapter's process, as JSON.

Decoding raises whatever a misfit makes it raise (``LookupError``, ``TypeError``, ``ValueError``,
``AttributeError`` or ``Refused``): only the caller knows what an adapter's nonsense means.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from dispatch_bus.domain.checks import storable
from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry, Stop, shown
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.domain.message import Received, Unread
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import Meaning, RawPage, RawRecord
from dispatch_bus.sdk.mailbox import Full

Understanding = Meaning | Refused
_UNDERSTOOD: dict[str, type[Meaning]] = {
    "report": Report,
    "answer": Answer,
    "received": Received,
    "unread": Unread,
}
_NAMES = {kind: name for name, kind in _UNDERSTOOD.items()}
_LONGEST_TEXT = 500


class _AsShown(str):
    """A value that an error message has quoted already."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def raw_to_json(raw: bytes) -> str:
    """Encode a record's bytes, whatever they are."""
    return b64encode(raw).decode("ascii")


def raw_from_json(text: str) -> bytes:
    """Decode a record's bytes."""
    return b64decode(text, validate=True)


def error_to_json(error: DispatchBusError) -> JSON:
    """Encode an error by its recovery; a refused value crosses as messages show it."""
    if isinstance(error, Refused):
        value = shown(error.value)
        return {"type": "refused", "field": error.field, "value": value, "remedy": error.remedy}
    if isinstance(error, Stop):
        return {"type": "stop", "what": error.what, "remedy": error.remedy}
    if isinstance(error, Full):
        return {"type": "full", "room": error.room, "waiting": error.waiting}
    if isinstance(error, Retry):
        return {"type": "retry", "what": error.what, "after_s": error.after_s}
    return {"type": "retry", "what": str(error), "after_s": 1.0}


def error_from_json(data: Mapping[str, Any]) -> Refused | Retry | Stop:
    """Decode an error; its texts are cut and cleaned so that a database takes them."""
    if data["type"] == "refused":
        value = _AsShown(_clean(data["value"]))
        return Refused(_clean(data["field"]), value, _clean(data["remedy"]))
    if data["type"] == "retry":
        return Retry(_clean(data["what"]), float(data["after_s"]))
    if data["type"] == "full":
        waiting = data["waiting"]
        return Full(_clean(data["room"]), None if waiting is None else int(waiting))
    if data["type"] == "stop":
        return Stop(_clean(data["what"]), _clean(data["remedy"]))
    raise ValueError(data["type"])


def page_from_json(data: Mapping[str, Any]) -> RawPage:
    """Decode a page of raw records."""
    records = tuple(
        RawRecord(id=_name("id", record["id"]), raw=raw_from_json(record["raw"]))
        for record in data["records"]
    )
    return RawPage(cursor=_name("cursor", data["cursor"]), records=records)


def understanding_to_json(value: Understanding) -> JSON:
    """Encode what one record means, or why it is refused."""
    if isinstance(value, Refused):
        return {"refused": error_to_json(value)}
    return {_NAMES[type(value)]: to_json(value)}


def understandings_from_json(count: int) -> Callable[[Any], list[Understanding]]:
    """Make the decoder of what ``count`` records mean."""

    def decode(data: list[Mapping[str, Any]]) -> list[Understanding]:
        if len(data) != count:
            raise ValueError(f"{len(data)} meanings of {count} records")
        return [_understanding(each) for each in data]

    return decode


def _understanding(data: Mapping[str, Any]) -> Understanding:
    # A value that does not hold is a refusal like the adapter's own.
    ((kind, value),) = data.items()
    if kind == "refused":
        error = error_from_json(value)
        if not isinstance(error, Refused):
            raise TypeError(value)
        return error
    try:
        return from_json(value, _UNDERSTOOD[kind])
    except Refused as refusal:
        return refusal


def _name(field: str, value: str) -> str:
    if not storable(field, value):
        raise Refused(field, value, "Send at least one character.")
    return value


def _clean(text: str) -> str:
    encodable = text[:_LONGEST_TEXT].encode("utf-8", "backslashreplace").decode()
    return encodable.replace("\x00", "\\x00")
