"""What every use case is given: the store, reference data, geography, ids and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from attrs import field, frozen

from dispatch_bus.application.together import Together
from dispatch_bus.domain.book import Book
from dispatch_bus.domain.geography import Geography
from dispatch_bus.domain.message import Message
from dispatch_bus.sdk.adapter import Meaning, RoomStatus
from dispatch_bus.sdk.calls import Outcome
from dispatch_bus.sdk.page import Page
from dispatch_bus.store.outside import Outside
from dispatch_bus.store.unit import Store


class Calls(Protocol):
    """Messages in flight to one room."""

    @property
    def free(self) -> int:
        """How many more may be sent now."""

    def send(self, messages: Iterable[Message]) -> None:
        """Begin to hand over messages, at most as many as are free."""

    def collect(self, wait_s: float) -> Sequence[tuple[str, Outcome]]:
        """Return (id of the message, outcome) of all that came back, waiting for the first.

        After ``wait_s`` seconds without any the answer is empty.
        """


class Gate(Protocol):
    """The way to one room; every call may raise ``Retry`` or ``Refused``."""

    def pull(self, cursor: str | None, *, limit: int, wait_s: float, deadline_s: float) -> Page:
        """Fetch and read the records after ``cursor``."""

    def confirm(self, cursor: str, *, deadline_s: float) -> None:
        """Tell the room that everything up to ``cursor`` is stored."""

    def read(self, raw: bytes, *, deadline_s: float) -> Meaning:
        """Understand one record."""

    def check(self, *, deadline_s: float) -> RoomStatus:
        """Ask the room how it is."""

    def deliveries(self, *, deadline_s: float) -> AbstractContextManager[Calls]:
        """Hand messages to the room, each with ``deadline_s`` seconds."""

    def rest(self) -> bool:
        """End the room's adapter unless it is at work; tell whether it is ended."""


@frozen(kw_only=True)
class Limits:
    """How much at once, how long, how often; times in seconds."""

    page: int
    pull_wait_s: float
    pull_deadline_s: float
    backlog: int
    decide_batch: int
    deliver_deadline_s: float
    retry_first_s: float
    retry_most_s: float
    overdue_s: float
    leave_hold_s: float
    seal_batch: int
    checkpoint_every: int
    checkpoint_rest_s: float
    lease_s: float
    share_after_s: float
    personal_days: int

    @property
    def lease(self) -> timedelta:
        """How long a lease holds unless it is renewed."""
        return timedelta(seconds=self.lease_s)

    @property
    def claim(self) -> timedelta:
        """How long a delivery stays claimed: its attempt, and the record of what came of it.

        Whoever dies in between is followed before the sender is told to call.
        """
        return timedelta(seconds=self.deliver_deadline_s + 3)


@frozen(kw_only=True)
class Bus:
    """The wired application. ``holder`` is this process's name on leases.

    ``outside`` keeps what has to be known after the database is lost; in ``pages`` the readers of
    several rooms meet. ``page_sizes`` says how many records a room is asked for at once: one after
    a failure, then twice as many with each page that came. ``held_up`` names the rooms to which the
    most urgent message has failed just now: what has been tried least has its turn.
    """

    store: Store
    outside: Outside
    book: Book
    geography: Geography
    limits: Limits
    new_id: Callable[[], UUID]
    jitter: Callable[[], float]
    holder: str
    origin: str
    pages: Together[Any, Any] = field(factory=Together, init=False, eq=False)
    page_sizes: dict[str, int] = field(factory=dict, init=False, eq=False)
    held_up: set[str] = field(factory=set, init=False, eq=False)
