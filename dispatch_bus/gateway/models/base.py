"""What all models share."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from dispatch_bus.domain.checks import storable
from dispatch_bus.domain.errors import Refused

T = TypeVar("T")


class Said(BaseModel):
    """A value that the API says; it is read off the attributes of a value of the bus."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Taken(BaseModel):
    """A value that the API takes; a field it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _text(value: Any) -> Any:
    # NUL and lone surrogates pass every parser of JSON and fail in PostgreSQL.
    try:
        return storable("text", value) if isinstance(value, str) else value
    except Refused as error:
        raise ValueError(error.remedy) from None


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=100, pattern=r"\S")]
Moment = AwareDatetime


class List(Said, Generic[T]):
    """Part of a list, newest first."""

    at: Moment = Field(examples=["2026-03-01T12:00:04.120000Z"])
    """The database's time at which this was read: show its age."""
    items: tuple[T, ...]
    """The members of this page."""
    next: str | None = Field(examples=["MjAyNi0wMy0wMVQxMjowMDowMCswMDowMA"])
    """Send it as `cursor` for the page that follows; null on the last page."""
