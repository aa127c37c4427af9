"""The line to an adapter's process, and what is no answer on it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dispatch_bus.sdk import frames
from dispatch_bus.sdk.line import Line


@pytest.mark.parametrize("told", [[], "text", {}, {"call": 9}, {"call": "1"}, {"call": []}])
def test_what_answers_no_call_breaks_the_line(told: Any) -> None:
    """Whoever waits hears so at once: the next answer might be taken for another's."""
    here, there = socket.socketpair()
    line = Line(here)
    with there:
        numbers = line.call([{"verb": "check"}], frames.Deadline(20))
        frames.send(there, frames.pack(told))
        with pytest.raises(frames.Garbled):
            line.answers(numbers, frames.Deadline(20))
    line.close()


def test_an_answer_that_was_forgotten_breaks_nothing() -> None:
    """It is dropped when it comes, once, and the next call is answered."""
    here, there = socket.socketpair()
    line = Line(here)
    with there:
        first, second = line.call([{"verb": "check"}, {"verb": "check"}], frames.Deadline(20))
        line.forget(first)
        for number in (first, second):
            frames.send(there, frames.pack({"call": number, "result": {}}))
        assert line.answers([second], frames.Deadline(20))[second]["call"] == second
        assert not line.has_forgotten
    line.close()
