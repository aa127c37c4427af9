"""What an adapter is: five verbs between the bus and one room's CAD system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen
from attrs.converters import optional as optional_converter
from attrs.validators import optional

from dispatch_bus.domain.checks import aware, characters, to_utc
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.message import Message, Receipt, Received, Unread
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Classification, Report

Meaning = Report | Answer | Received | Unread
"""What a record can mean: a case, an answer, or what became of a message in the room's inbox."""


@frozen(kw_only=True)
class RoomSettings:
    """How to reach one room, as the operator wrote it.

    ``epsg`` is the reference system of the room's coordinates; ``scheme`` names its code list and
    ``codes`` maps each national code to what it means on the bus; ``in_flight`` is how many
    messages it may be handed before it has answered the first; ``options`` are the adapter's own
    (address, credentials and the like).
    """

    id: str
    country: str
    epsg: int = 4326
    scheme: str = "bus"
    codes: Mapping[str, Classification] = field(factory=dict)
    in_flight: int = 32
    options: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class RawRecord:
    """One record as the room sent it. ``id`` is unique within the room and never used again."""

    id: str
    raw: bytes


@frozen(kw_only=True)
class RawPage:
    """Records after a cursor, oldest first; ``cursor`` is where the next page starts."""

    cursor: str
    records: tuple[RawRecord, ...]


@frozen(kw_only=True)
class RoomStatus:
    """A room's own word on itself: its name, and what its clock says if that can be asked.

    Where an inbox stands between, ``waiting`` is how many messages are in it, and ``attended``
    whether anybody reads it.
    """

    name: str = field(validator=characters())
    clock: datetime | None = field(
        default=None, converter=optional_converter(to_utc), validator=optional(aware)
    )
    waiting: int | None = None
    attended: bool = True


class TooLarge(Retry):
    """More bytes than can be held at once. A pull that raises it is asked for half as many."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(f"{what} has {size:,} bytes; {limit:,} is the limit")


class Adapter(ABC):
    """Base of every adapter. It runs in a process of its own, one call at a time.

    An adapter that says it is ``concurrent`` gets messages to deliver, and checks beside them, on
    several threads at once: up to ``room.in_flight`` messages.

    Each verb either returns, or raises :class:`~dispatch_bus.domain.errors.Retry` (it may work
    later) or :class:`~dispatch_bus.domain.errors.Refused` (it never will). Anything else that it
    raises counts as ``Retry``. It may be killed at any moment, and is when it is late.
    """

    concurrent: ClassVar[bool] = False

    def __init__(self, room: RoomSettings) -> None:
        self.room = room

    @abstractmethod
    def pull(self, cursor: str | None, *, limit: int, wait_s: float) -> RawPage:
        """Fetch at most ``limit`` records after ``cursor`` (none: from the beginning).

        With nothing new, wait up to ``wait_s`` seconds for it and then return an empty page.

        Raises:
            TooLarge: the page is more than can be held; the host asks again for fewer records.
        """

    @abstractmethod
    def read(self, raw: bytes) -> Meaning:
        """Understand one record.

        Raises:
            Refused: naming the field, the value and what the room should send instead.
        """

    @abstractmethod
    def confirm(self, cursor: str) -> None:
        """Tell the room that everything up to ``cursor`` is stored and may be forgotten."""

    @abstractmethod
    def deliver(self, message: Message) -> Receipt:
        """Hand a message to the room, which may have it already.

        Raises:
            Refused: the room will never take this message.
            Retry: it is not known whether the room took it; the same message comes again.
        """

    @abstractmethod
    def check(self) -> RoomStatus:
        """Ask the room how it is."""

    def close(self) -> None:  # noqa: B027 - most adapters hold nothing
        """Let go of connections. Called once, if the process is not killed before."""
