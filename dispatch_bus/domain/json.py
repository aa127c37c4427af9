"""Domain values to JSON and back; a misfit is refused by field, value and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import Any, TypeVar, cast
from uuid import UUID

from cattrs import ClassValidationError, IterableValidationError
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.preconf.json import JsonConverter, make_converter

from dispatch_bus.domain.errors import Refused

T = TypeVar("T")
JSON = dict[str, Any]


def _time(value: object, _: type) -> datetime:
    if not isinstance(value, str):
        raise ValueError("Send a time as a string with its UTC offset (RFC 3339).")
    return datetime.fromisoformat(value)


def _text(value: object, _: type) -> str:
    if not isinstance(value, str):
        raise ValueError("Send a string.")
    return value


def _number(value: object, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Send a number.")
    return float(value)


def _count(value: object, _: type) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Send a whole number.")
    return value


def _truth(value: object, _: type) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Send true or false.")
    return value


def _choice(value: object, kind: type[Enum]) -> Enum:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise ValueError(f"Send one of: {known}.") from None


def _uuid(value: object, _: type) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def _converter() -> JsonConverter:
    converter = make_converter(forbid_extra_keys=True, omit_if_default=True)
    for kind, hook in (
        (datetime, _time),
        (str, _text),
        (float, _number),
        (int, _count),
        (bool, _truth),
        (UUID, _uuid),
        (StrEnum, _choice),
        (IntEnum, _choice),
    ):
        converter.register_structure_hook(kind, hook)
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_unstructure_hook(UUID, str)
    return converter


_CONVERTER = _converter()


def to_json(value: object) -> JSON:
    """Turn a domain value into JSON-able dictionaries; fields at their default are left out."""
    return cast("JSON", _CONVERTER.unstructure(value))


def from_json(data: Mapping[str, Any], kind: type[T]) -> T:
    """Turn dictionaries into a domain value.

    Raises:
        Refused: naming the path of the first field that does not fit.
    """
    try:
        return _CONVERTER.structure(data, kind)
    except Exception as error:
        raise next(_refusals(error, "", data)) from error


def parse(raw: bytes) -> Any:
    """Parse JSON text.

    Raises:
        Refused: it is no JSON (RFC 8259), with the place of the first mistake.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused("record", raw[:200], f"Send JSON (RFC 8259): {error}.") from error


def _refusals(error: BaseException, path: str, data: object) -> Iterator[Refused]:
    if isinstance(error, Refused):
        yield Refused(_join(path, error.field), error.value, error.remedy)
    elif isinstance(error, ClassValidationError | IterableValidationError):
        grouped, loose = error.group_exceptions()
        for inner, note in grouped:
            step = getattr(note, "name", None) or f"[{getattr(note, 'index', '?')}]"
            yield from _refusals(inner, _extend(path, step, inner), _at(data, step))
        for inner in loose:
            yield from _refusals(inner, path, data)
    elif isinstance(error, ForbiddenExtraKeysError):
        extra = ", ".join(sorted(error.extra_fields))
        yield Refused(_join(path, extra), "an unknown field", "Leave it out or check its spelling.")
    elif isinstance(error, KeyError) and error.args:
        yield Refused(_join(path, str(error.args[0])), None, "This field is required.")
    else:
        yield Refused(path or "record", data, _remedy(error))


def _extend(path: str, step: str, error: BaseException) -> str:
    named = error.field if isinstance(error, Refused) else ""
    missing = isinstance(error, KeyError) and error.args == (step,)
    return path if missing or named == step else _join(path, step)


def _remedy(error: BaseException) -> str:
    if isinstance(error, AttributeError | TypeError):
        return "Send an object or a list of the shape that the reference describes."
    return f"{str(error).rstrip('.')}."


def _join(path: str, step: str) -> str:
    return f"{path}{step}" if step.startswith("[") or not path else f"{path}.{step}"


def _at(data: object, step: str) -> object:
    if isinstance(data, Mapping):
        return data.get(step)
    if isinstance(data, list | tuple) and step.startswith("["):
        return data[int(step[1:-1])]
    return data
