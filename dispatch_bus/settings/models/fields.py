"""Field types that the configuration files share; each refusal says what to write."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from dispatch_bus.domain.checks import SHORT

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Table(BaseModel):
    """A TOML table: frozen, and closed to keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > SHORT:
        raise ValueError(f"Write 1 to {SHORT} visible characters.")
    return value


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("Write 1 to 60 letters, digits, dots, hyphens or underscores.")
    return value


def _country(value: str) -> str:
    if not _COUNTRY.fullmatch(value):
        raise ValueError('Write the two capital letters of ISO 3166-1, such as "NL".')
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError('Write a BCP 47 tag, such as "nl" or "fr-BE".')
    return value


def _pair(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) != 2 or value[0] == value[1]:
        raise ValueError('Write two different countries, such as ["NL", "BE"].')
    return value


Text = Annotated[str, AfterValidator(_text)]
Id = Annotated[str, AfterValidator(_id)]
Country = Annotated[str, AfterValidator(_country)]
Language = Annotated[str, AfterValidator(_language)]
Pair = Annotated[tuple[Country, ...], AfterValidator(_pair)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Count = Annotated[int, Strict(), Field(ge=1, le=2**31 - 1)]
Truth = Annotated[bool, Strict()]
Seconds = Annotated[Number, Field(gt=0, le=86_400)]
Port = Annotated[int, Strict(), Field(ge=0, le=65_535)]
