"""Stands in for a room's process: it says what a test has written down, and keeps what it heard.

It keeps the edge's protocol as a real room does: a message that it has already is answered with
the same receipt, and one that is older than what it has changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from making.values import NOON

from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.domain.notice import Answer, Side
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import RoomStatus
from dispatch_bus.sdk.calls import Outcome
from dispatch_bus.sdk.page import Page, Record

Meaning = Report | Answer


class ScriptedGate:
    """A room that answers by the script and has no will of its own."""

    def __init__(self) -> None:
        self.pages: list[Page | DispatchBusError] = []
        self.limits: list[int] = []
        self.confirmed: list[str] = []
        self.meanings: dict[bytes, Meaning | DispatchBusError] = {}
        self.failures: list[DispatchBusError] = []
        self.attempts: list[Message] = []
        self.held: dict[tuple[UUID, Side], Message] = {}
        self.effects: list[str] = []
        self.before_receipt: Callable[[], None] = lambda: None
        self.at_once = 1
        self.most_at_once = 0
        self.rests = 0
        self.at_work = False
        self.slow: set[str] = set()
        self.looks = 0
        self.on_look: Callable[[], object] = lambda: None

    def pull(self, cursor: str | None, *, limit: int, **_: float) -> Page:
        """Give the next page of the script, or nothing new."""
        self.limits.append(limit)
        page = self.pages.pop(0) if self.pages else Page(cursor=cursor or "0", records=())
        if isinstance(page, DispatchBusError):
            raise page
        return page

    def confirm(self, cursor: str, **_: float) -> None:
        """Keep the confirmation."""
        self.confirmed.append(cursor)

    def read(self, raw: bytes, **_: float) -> Meaning:
        """Understand bytes as the script says."""
        meaning = self.meanings[raw]
        if isinstance(meaning, DispatchBusError):
            raise meaning
        return meaning

    @contextmanager
    def deliveries(self, **_: float) -> Iterator[ScriptedCalls]:
        """Take messages, ``at_once`` of them at a time."""
        yield ScriptedCalls(self)

    def rest(self) -> bool:
        """Count that its adapter was ended, unless it is at work."""
        self.rests += not self.at_work
        return not self.at_work

    def check(self, **_: float) -> RoomStatus:
        """Say how it is, unless the script has a failure left."""
        if self.failures:
            raise self.failures.pop(0)
        return RoomStatus(name="scripted")

    def take(self, message: Message) -> Receipt:
        """Take a message, unless the script has a failure left."""
        self.attempts.append(message)
        if self.failures:
            raise self.failures.pop(0)
        place = (message.notice, message.side)
        known = self.held.get(place)
        if known is None or known.sequence < message.sequence:
            self.held[place] = message
            self.effects.append(message.id)
        self.before_receipt()
        return Receipt(reference=f"R-{message.id}"[:100], received=NOON)


class ScriptedCalls:
    """Messages in flight to such a room: it answers all of them when it is asked."""

    def __init__(self, gate: ScriptedGate) -> None:
        self._gate = gate
        self._in_flight: list[Message] = []

    @property
    def free(self) -> int:
        """How many more may be sent now."""
        return self._gate.at_once - len(self._in_flight)

    def send(self, messages: Iterable[Message]) -> None:
        """Keep the messages until it is asked what came of them."""
        self._in_flight += messages
        self._gate.most_at_once = max(self._gate.most_at_once, len(self._in_flight))

    def collect(self, wait_s: float) -> list[tuple[str, Outcome]]:  # noqa: ARG002
        """Take every message in flight but those of slow cases, which take ``looks`` looks more."""
        slow = [one for one in self._in_flight if one.case in self._gate.slow]
        if self._in_flight == slow and self._gate.looks == 0:
            slow = []
        elif self._in_flight == slow:
            self._gate.looks -= 1
            self._gate.on_look()
        answered = [one for one in self._in_flight if one not in slow]
        self._in_flight = slow
        return [(message.id, self._outcome(message)) for message in answered]

    def _outcome(self, message: Message) -> Outcome:
        try:
            return self._gate.take(message)
        except (Refused, Retry) as error:
            return error


def told(record: str, meaning: Meaning) -> Record:
    """Return a record that was understood."""
    return Record(id=record, raw=f"raw {record}".encode(), understood=meaning)


def page(cursor: str, *meanings: Meaning) -> Page:
    """Return a page of records that were all understood."""
    records = (told(f"{cursor}.{place}", each) for place, each in enumerate(meanings))
    return Page(cursor=cursor, records=tuple(records))
