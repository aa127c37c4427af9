"""Pages: what a room has sent, each record either understood or refused."""

from __future__ import annotations

from attrs import field, frozen

from dispatch_bus.domain.errors import Refused
from dispatch_bus.sdk.adapter import Meaning


@frozen(kw_only=True)
class Record:
    """One record as it came, with what it means or why it is refused: exactly one of the two."""

    id: str
    raw: bytes
    understood: Meaning | None = None
    refusal: Refused | None = field(default=None)

    @refusal.validator
    def _one_of_two(self, _: object, value: Refused | None) -> None:
        if (self.understood is None) == (value is None):
            raise ValueError("a record is either understood or refused")


@frozen(kw_only=True)
class Page:
    """Records after a cursor, oldest first; ``cursor`` is where the next page starts."""

    cursor: str
    records: tuple[Record, ...]
