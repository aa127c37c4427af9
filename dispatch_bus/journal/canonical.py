"""One form in bytes for each value, so that what was hashed can be written again.

The form is JSON (RFC 8259) in UTF-8 without spaces, its keys sorted by code point. It accepts
only what every reader of the journal reads back unchanged: the integers of I-JSON (RFC 7493,
section 2.2), finite numbers, and text that PostgreSQL and UTF-8 can hold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dispatch_bus.domain.checks import storable
from dispatch_bus.domain.errors import Refused

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
# Ciphertext of a long narrative is longer than any text that a person writes.
MAX_CHARACTERS = 2**24
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
# How JSON writes the character U+0000.
_NUL = r"\u0000"


def encode(document: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of ``document``.

    Raises:
        Refused: naming the path of a value that is NaN, infinite, an integer beyond ±(2⁵³ - 1),
            text with NUL or a lone surrogate or of more than 2²⁴ characters, a key that is not
            text, of a type that JSON does not have, or nested deeper than 32.
    """
    try:
        return _written(document) if _is_plain(document, MAX_DEPTH) else _checked(document)
    except ValueError:
        return _checked(document)


def utc(at: datetime) -> datetime:
    """Return the time ``at`` in UTC.

    Raises:
        Refused: it has no offset, or leaves the years 1 to 9999 in UTC.
    """
    if at.utcoffset() is None:
        raise Refused("at", at, "Give the time with its UTC offset.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Refused("at", at, "Give a time between the years 1 and 9999 in UTC.") from None


def instant(at: datetime) -> str:
    """Return a time in UTC as text with microseconds and ``Z`` (RFC 3339)."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _is_plain(value: object, depth: int) -> bool:
    """Tell whether a value has nothing but what JSON has, its texts not looked at.

    Nearly every value has, and naming the path of each costs more than all the rest.
    """
    if value is None or isinstance(value, str):
        return True
    if isinstance(value, dict):
        return depth > 0 and _are_plain(value.values(), depth - 1, keys=value)
    if isinstance(value, list | tuple):
        return depth > 0 and _are_plain(value, depth - 1)
    if isinstance(value, int):
        return -MAX_INTEGER <= value <= MAX_INTEGER
    return isinstance(value, float) and math.isfinite(value)


def _are_plain(values: Iterable[object], depth: int, keys: Iterable[object] = ()) -> bool:
    for key in keys:
        if not isinstance(key, str):
            return False
    for value in values:  # noqa: SIM110 - a generator takes twice as long
        if not isinstance(value, str) and not _is_plain(value, depth):
            return False
    return True


def _written(document: object) -> bytes:
    """Write a document whose texts are sound.

    Raises:
        ValueError: they may not be.
    """
    text = _ENCODER.encode(document)
    if _NUL in text or len(text) > MAX_CHARACTERS:
        raise ValueError
    return text.encode()


def _checked(document: object) -> bytes:
    """Write a document whose every value was looked at by itself."""
    return _ENCODER.encode(_plain("", document, MAX_DEPTH)).encode()


def _plain(path: str, value: object, depth: int) -> object:
    match value:
        case None | bool():
            return value
        case str():
            return storable(path, value, MAX_CHARACTERS)
        case int() | float():
            return _number(path, value)
        case Mapping() | list() | tuple():
            return _container(path, value, depth)
    kind = type(value).__name__
    raise Refused(path, value, f"The journal holds JSON, and {kind} is not part of it.")


def _container(
    path: str, value: Mapping[object, object] | Sequence[object], depth: int
) -> dict[str, object] | list[object]:
    if depth == 0:
        raise Refused(path, value, f"Nest at most {MAX_DEPTH} deep.")
    if isinstance(value, Mapping):
        return {
            _key(path, key): _plain(f"{path}.{key}".lstrip("."), item, depth - 1)
            for key, item in value.items()
        }
    return [_plain(f"{path}[{index}]", item, depth - 1) for index, item in enumerate(value)]


def _key(path: str, key: object) -> str:
    if not isinstance(key, str):
        raise Refused(path or "document", key, "Use text as key.")
    return storable(path or "document", key, MAX_CHARACTERS)


def _number(path: str, number: float) -> float:
    if isinstance(number, int):
        if abs(number) > MAX_INTEGER:
            raise Refused(path, hex(number), "Write an integer beyond 2^53 - 1 as text.")
    elif not math.isfinite(number):
        raise Refused(path, number, "Leave out what is not a finite number.")
    return number
