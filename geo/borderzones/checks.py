"""Checks of single values in ``zones.toml``; each refusal names the key and the remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from borderzones.errors import DefinitionError


def exact_keys(entry: Any, where: str, needed: set[str], more: set[str]) -> Mapping[str, Any]:
    """Return a table that has all the needed keys and no others than ``more``."""
    if isinstance(entry, Mapping) and needed <= set(entry) <= needed | more:
        return entry
    also = f" and may have {', '.join(sorted(more))}" if more else ""
    raise DefinitionError(f"{where}: must have the keys {', '.join(sorted(needed))}{also}.")


def identifier(value: Any, where: str) -> str:
    """Return a text that can be part of the id of a piece."""
    if not isinstance(value, str) or not value or "/" in value:
        raise DefinitionError(f"{where}: {value!r} is no id. Write a text without a slash.")
    return value


def text(value: Any, where: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise DefinitionError(f"{where}: {value!r} is no text. Write a few words in quotes.")
    return value


def texts(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of different texts without commas."""
    fit = isinstance(value, list) and all(
        isinstance(one, str) and one and "," not in one for one in value
    )
    if not fit or len(set(value)) != len(value):
        raise DefinitionError(f'{where}: {value!r} is no list. Write different texts, as ["x"].')
    return tuple(value)


def pair_of(value: Any, where: str) -> tuple[str, str]:
    """Return the codes of two different countries."""
    codes = isinstance(value, list) and all(isinstance(code, str) for code in value)
    if not codes or len(value) != 2 or value[0] == value[1]:
        raise DefinitionError(f'{where}: {value!r} is no pair. Write two codes, as ["NL", "BE"].')
    return value[0], value[1]


def within(value: Any, where: str, least: float, most: float, what: str) -> float:
    """Return a number of metres from ``least`` to ``most``."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        raise DefinitionError(
            f"{where}: {value!r} is no {what}. Write metres from {least:.0f} to {most:.0f}."
        )
    return float(value)


def each_once(where: str, ids: Sequence[str]) -> None:
    """Refuse an id that stands twice."""
    for one in ids:
        if ids.count(one) > 1:
            raise DefinitionError(f"{where}: {one!r} stands twice. Give each its own id.")
