"""Validators for the fields of domain values; each refusal names field, value and remedy."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs

from dispatch_bus.domain.errors import Refused

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]
SHORT = 200
LONG = 100_000


def storable(field: str, value: str, limit: int = SHORT) -> str:
    """Return ``value`` if a database and a neighbour can take it.

    Raises:
        Refused: it is no string, holds NUL or a lone surrogate, or is longer than ``limit``
            characters. Both pass a JSON parser and fail in PostgreSQL.
    """
    if not isinstance(value, str):
        raise Refused(field, value, "Send a string.")
    if "\x00" in value:
        raise Refused(field, value, "Remove the NUL character (U+0000).")
    try:
        value.encode()
    except UnicodeEncodeError:
        remedy = "Remove the lone surrogate; send well-formed Unicode."
        raise Refused(field, value, remedy) from None
    if len(value) > limit:
        raise Refused(field, value, f"Shorten it to {limit:,} characters at most.")
    return value


def characters(limit: int = SHORT, *, empty: bool = False) -> Validator:
    """Make a validator for a text of at most ``limit`` characters."""

    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        storable(attribute.name, value, limit)
        if not empty and not value.strip():
            raise Refused(attribute.name, value, "Send at least one visible character.")

    return check


def between(low: float, high: float, unit: str) -> Validator:
    """Make a validator for a finite number in ``[low, high]``, given in ``unit``."""

    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not low <= value <= high:
            raise Refused(attribute.name, value, f"Send a number from {low:g} to {high:g} {unit}.")

    return check


def aware(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Refuse a time without an offset, which could be any of two hours, or outside all years."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Refused(attribute.name, value, "Send a time with its UTC offset (RFC 3339).")
    if value.tzinfo is not UTC:
        raise Refused(attribute.name, value.isoformat(), "Send a time of this century.")


def to_utc(value: Any) -> Any:
    """Convert an aware time to UTC; leave what has no instant there to the validator."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value
