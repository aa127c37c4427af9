"""Messages that a room has been handed and has not answered yet, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, frozen

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk import answers, frames
from dispatch_bus.sdk.adapter import TooLarge
from dispatch_bus.sdk.child import Child

Outcome = Receipt | Refused | Retry
"""What came of a message: the room has it, never will, or it is not known whether it has."""


@define
class Pace:
    """How many messages a room is trusted with at once, at most ``most``.

    One until it answers, then one more with each answer; one again when it fails. So a room that
    is down is asked by one message, and its others wait and do not fail.
    """

    most: int = 1
    now: int = 1

    def after(self, outcome: Outcome) -> None:
        """Take note of how a message fared."""
        self.now = 1 if isinstance(outcome, Retry) else min(self.now + 1, self.most)


@frozen
class _Call:
    message: str
    deadline: frames.Deadline


class Calls:
    """The deliveries in flight to one adapter process. Each has ``deadline_s`` seconds.

    One that is late ends the process, and so does an answer that makes no sense: then all others
    in flight have failed for now, too.
    """

    def __init__(
        self, room: str, child: Child, pace: Pace, deadline_s: float, end: Callable[[Child], None]
    ) -> None:
        self._room = room
        self._child = child
        self._pace = pace
        self._deadline_s = deadline_s
        self._end = end
        self._flying: dict[int, _Call] = {}
        self._known: list[tuple[str, Outcome]] = []
        self._is_over = False

    @property
    def in_flight(self) -> int:
        """How many messages have not been collected yet."""
        return len(self._flying) + len(self._known)

    @property
    def free(self) -> int:
        """How many more messages may be sent now."""
        return 0 if self._is_over else max(0, self._pace.now - self.in_flight)

    def send(self, messages: Iterable[Message]) -> None:
        """Begin to hand messages over; :meth:`collect` tells of each what came of it."""
        for message in messages:
            self._send(message)

    def collect(self, wait_s: float) -> list[tuple[str, Outcome]]:
        """Return (id of the message, outcome) of all that came back, waiting for the first.

        After ``wait_s`` seconds without any it returns an empty list.
        """
        if self._flying and not self._known:
            self._wait(wait_s)
        known, self._known = self._known, []
        for _, outcome in known:
            self._pace.after(outcome)
        return known

    def abandon(self) -> None:
        """Lose sight of what is in flight: the process that has it is of no more use."""
        if self._flying:
            self._end(self._child)

    def _send(self, message: Message) -> None:
        deadline = frames.Deadline(self._deadline_s)
        try:
            request = {"verb": "deliver", "message": to_json(message)}
            (number,) = self._child.line.call([request], deadline)
        except TooLarge as error:
            self._note(message.id, error)
        except (frames.Closed, TimeoutError) as error:
            self._note(message.id, error)
            self._break()
        else:
            self._flying[number] = _Call(message.id, deadline)

    def _wait(self, wait_s: float) -> None:
        soonest = min((call.deadline for call in self._flying.values()), key=lambda one: one.at)
        try:
            found = self._child.line.answers(self._flying, soonest.or_in(wait_s))
        except TimeoutError:
            if soonest.has_passed:
                self._break()
        except (frames.Closed, frames.Garbled, TooLarge) as error:
            self._break(error)
        else:
            for number, answer in found.items():
                self._answered(self._flying.pop(number), answer)

    def _answered(self, call: _Call, answer: JSON) -> None:
        try:
            told = answers.outcome(self._room, answer, _receipt)
        except answers.NONSENSE as error:
            self._note(call.message, error)
            self._break()
            return
        self._known.append((call.message, answers.not_stopping(self._room, "deliver", told)))

    def _note(self, message: str, failure: Exception) -> None:
        meaning = answers.meaning(self._room, "deliver", failure, self._deadline_s)
        self._known.append((message, meaning))

    def _break(self, reason: Exception | None = None) -> None:
        """End the process; whatever else is in flight has failed with it."""
        self._is_over = True
        self._end(self._child)
        for call in self._flying.values():
            late = TimeoutError() if call.deadline.has_passed else frames.Closed()
            self._note(call.message, reason or late)
        self._flying = {}


def _receipt(told: Any) -> Receipt:
    return from_json(told, Receipt)
