"""Says in an operator's words what a file's model refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.veil import veiled

Location = Sequence[int | str]
_REMEDIES = {
    "missing": "Add this key",
    "int_type": "Write a whole number, without quotes",
    "float_type": "Write a number, without quotes",
    "bool_type": "Write true or false, without quotes",
    "string_type": "Write a text in quotes",
    "tuple_type": "Write a list in square brackets",
    "dict_type": "Write a table",
    "model_type": "Write a table",
    "finite_number": "Write a finite number",
    "enum": "Use one of: {expected}",
    "literal_error": "Use one of: {expected}",
    "greater_than": "Write a number greater than {gt:g}",
    "greater_than_equal": "Write a number of at least {ge:g}",
    "less_than_equal": "Write a number of at most {le:g}",
    "too_short": "Write at least {min_length} of them",
    "string_too_long": "Shorten it to {max_length} characters",
    "value_error": "{error}",
    "time_type": "Write a time of day, such as 07:30:00",
    "time_parsing": "Write a time of day, such as 07:30:00",
}


def misfit(name: str, detail: ErrorDetails, table: Mapping[str, Any], model: Any) -> Finding:
    """Make the finding for one pydantic error in the file ``name``."""
    key = _key(detail["loc"], table)
    value = None if detail["type"] == "missing" else veiled(key, detail["input"])
    return Finding(name, key, value, _remedy(detail, model))


def nearest(word: str, known: Sequence[str]) -> str:
    """Suggest the closest of the ``known`` words, or list them where none is close."""
    if close := get_close_matches(word, known, 1):
        return f'Did you mean "{close[0]}"?'
    return f"Known are: {', '.join(known) or 'none'}."


def _remedy(detail: ErrorDetails, model: Any) -> str:
    if detail["type"] == "extra_forbidden":
        return f"No such key. {nearest(str(detail['loc'][-1]), _keys_at(model, detail['loc']))}"
    template = _REMEDIES.get(detail["type"])
    remedy = template.format(**detail.get("ctx", {})) if template else detail["msg"]
    return f"{remedy.rstrip('.')}."


def _key(location: Location, data: Any) -> str:
    path = ""
    for step in location:
        data = _child(data, step)
        path += f".{_named(step, data)}"
    return path.removeprefix(".")


def _child(data: Any, step: int | str) -> Any:
    if isinstance(step, int):
        return data[step] if isinstance(data, list) and step < len(data) else None
    return data.get(step) if isinstance(data, Mapping) else None


def _named(step: int | str, data: Any) -> str:
    """Name an entry by its own id where it has one, else by its place, counted from 1."""
    if isinstance(step, str):
        return step
    known = (data.get("id") or data.get("code")) if isinstance(data, Mapping) else None
    return known if isinstance(known, str) else f"{step + 1}"


def _keys_at(model: Any, location: Location) -> list[str]:
    for step in location[:-1]:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation)
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
