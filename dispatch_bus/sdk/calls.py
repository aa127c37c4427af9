"""Messages that a room has been handed and has not answered yet, several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define, frozen

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk import answers, frames
from dispatch_bus.sdk.adapter import TooLarge
from dispatch_bus.sdk.child import Child

# How often, and how many seconds apart, whatever else is in flight is looked for.
_LOOKS_FOR_OTHERS, _LOOK_S = 4, 0.005
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
        together = list(messages)
        if not together:
            return
        try:
            self._send(together)
        except TooLarge:
            for message in together:
                self._send_alone(message)

    def collect(self, wait_s: float) -> list[tuple[str, Outcome]]:
        """Return (id of the message, outcome) of all that came back, waiting for the first.

        It waits some milliseconds more for what else is in flight: whoever records outcomes does
        many with what one costs. After ``wait_s`` seconds without any it returns an empty list.
        """
        if self._flying and not self._known:
            self._wait(wait_s)
        for _ in range(_LOOKS_FOR_OTHERS if self._known else 0):
            if not self._flying:
                break
            time.sleep(_LOOK_S)
            self._wait(0.0)
        known, self._known = self._known, []
        for _, outcome in known:
            self._pace.after(outcome)
        return known

    def abandon(self) -> None:
        """Lose sight of what is in flight: the process that has it is of no more use."""
        if self._flying:
            self._end(self._child)

    def _send_alone(self, message: Message) -> None:
        try:
            self._send([message])
        except TooLarge as error:
            self._note(message.id, error)

    def _send(self, messages: Sequence[Message]) -> None:
        """Send messages at once.

        Raises:
            TooLarge: one of them fits no frame; nothing has been sent.
        """
        deadline = frames.Deadline(self._deadline_s)
        requests = [{"verb": "deliver", "message": to_json(message)} for message in messages]
        try:
            numbers = self._child.line.call(requests, deadline)
        except (frames.Closed, TimeoutError) as error:
            for message in messages:
                self._note(message.id, error)
            self._break()
        else:
            calls = (_Call(message.id, deadline) for message in messages)
            self._flying |= zip(numbers, calls, strict=True)

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
