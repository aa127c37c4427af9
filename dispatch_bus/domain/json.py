"""Domain values to JSON and back; a misfit is refused by field, value and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from types import GenericAlias
from typing import Any, TypeVar, cast, get_args, get_origin
from uuid import UUID

from cattrs import BaseConverter, ClassValidationError, IterableValidationError
from cattrs.cols import list_structure_factory
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.preconf.json import JsonConverter, make_converter

from dispatch_bus.domain.errors import Refused

UNKNOWN_FIELD = "unknown field"
"""Stands in a path for a name that no reference knows: it may be anything, a person's too."""

T = TypeVar("T")
JSON = dict[str, Any]


def _time(value: object, _: type) -> datetime:
    if not isinstance(value, str):
        raise ValueError("Send a time as a string with its UTC offset (RFC 3339).")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        # The parser's own words quote the text, and a remedy is kept in the clear.
        raise ValueError("Send a time with its UTC offset (RFC 3339).") from None


def _text(value: object, _: type) -> str:
    if not isinstance(value, str):
        raise ValueError("Send a string.")
    return value


def _number(value: object, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Send a number.")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("Send a number within reason.") from None


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
        # True and 1.0 equal the 1 of a priority, and are none.
        return kind(value if type(value) in (str, int) or isinstance(value, kind) else None)
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise ValueError(f"Send one of: {known}.") from None


def _uuid(value: object, _: type) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise ValueError("Send a UUID (RFC 9562).") from None


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis


def _list_hook(kind: Any, converter: BaseConverter) -> Callable[[object, type], object]:
    items = list_structure_factory(cast("type", GenericAlias(list, get_args(kind)[:1])), converter)

    def structure(value: object, _: type) -> object:
        # A string or an object can be walked through as well, and is no list.
        if not isinstance(value, list | tuple):
            raise ValueError("Send a list.")
        return tuple(items(value, list))

    return structure


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
    converter.register_structure_hook_factory(_is_list, _list_hook)
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
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused("record", raw[:200], f"Send JSON (RFC 8259): {error}.") from error


def unknown_field(path: str, names: Iterable[str]) -> Refused:
    """Make the error that refuses what the object at ``path`` has beside its own fields.

    A refusal's field is kept in the clear, so the names themselves are its value.
    """
    field = _join(path, UNKNOWN_FIELD)
    return Refused(field, ", ".join(names), "Leave it out or check its spelling.")


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


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
        yield unknown_field(path, sorted(error.extra_fields))
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
