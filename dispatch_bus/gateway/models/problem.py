"""A problem (RFC 9457)."""

from __future__ import annotations

from pydantic import Field

from dispatch_bus.gateway.models.base import Said


class Problem(Said):
    """Why a request was not done, and what to do (RFC 9457)."""

    type: str = Field(examples=["urn:dispatch-bus:problem:not-allowed"])
    """What kind of problem this is; it stays the same from release to release."""
    title: str = Field(examples=["The lifecycle does not allow this"])
    """The kind in words."""
    status: int = Field(examples=[409])
    """The HTTP status."""
    detail: str = Field(examples=["state: 'transferred' is refused. The part is with BE-112-LIM."])
    """What was wrong, where, and what to do."""
    field: str | None = Field(default=None, examples=["state"])
    """The path of the field that was refused."""
    value: str | None = Field(default=None, examples=["'transferred'"])
    """What stood there, quoted and cut."""
    remedy: str | None = Field(default=None, examples=["The part is with BE-112-LIM."])
    """What to do about it."""
