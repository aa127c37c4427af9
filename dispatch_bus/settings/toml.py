"""Reads one TOML file into its model, and turns every misfit into a finding."""

from __future__ import annotations

import re
import tomllib
from typing import Any, TypeVar

from attrs import frozen
from pydantic import BaseModel, ValidationError

from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.misfit import misfit
from dispatch_bus.settings.veil import veiled

M = TypeVar("M", bound=BaseModel)
_PLACE = re.compile(r" \(at (?P<where>line (?P<line>\d+), column \d+|end of document)\)$")


@frozen
class Parsed:
    """One file: its model, or the findings that kept it from having one."""

    model: Any
    findings: tuple[Finding, ...] = ()


def parse(name: str, raw: bytes, model: type[M]) -> Parsed:
    """Parse a file's bytes as TOML 1.0 into ``model``; ``name`` stands in the findings."""
    try:
        text = raw.decode("utf-8")
        return _fit(name, tomllib.loads(text), model)
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        return Parsed(None, (Finding(name, where, raw[error.start], "Save it as UTF-8."),))
    except RecursionError:
        return Parsed(None, (Finding(name, "syntax", None, "Nest fewer brackets."),))
    except ValueError as error:
        return Parsed(None, (_syntax(name, text, str(error)),))


def _fit(name: str, table: dict[str, Any], model: type[M]) -> Parsed:
    try:
        return Parsed(model.model_validate(table))
    except ValidationError as error:
        return Parsed(None, tuple(misfit(name, detail, table, model) for detail in error.errors()))


def _syntax(name: str, text: str, message: str) -> Finding:
    place = _PLACE.search(message)
    where = place["where"] if place else "syntax"
    line = text.split("\n")[int(place["line"]) - 1] if place and place["line"] else None
    reason = _PLACE.sub("", message)
    return Finding(
        name, where, veiled("", line), f"Mend the TOML: {reason[:1].lower()}{reason[1:]}."
    )
