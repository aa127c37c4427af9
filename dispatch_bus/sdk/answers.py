"""What an adapter's answer, or the lack of one, means for whoever called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dispatch_bus.domain.errors import Refused, Retry, Stop
from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk import frames, wire
from dispatch_bus.sdk.adapter import TooLarge
from dispatch_bus.sdk.mailbox import Full

T = TypeVar("T")
Error = Refused | Retry | Stop
NONSENSE = (frames.Garbled, LookupError, TypeError, ValueError, AttributeError, Refused)
"""What reading an answer raises when it is none."""
FAILURES = (TimeoutError, frames.Closed, TooLarge, *NONSENSE)
"""What a call raises when there is no answer to it."""


class Stopped(Retry):
    """The adapter's process was late or died; the next call starts another."""


def outcome(room: str, answer: JSON, decode: Callable[[Any], T]) -> T | Error:
    """Return what an adapter has answered: a value, or an error that it raised.

    Raises one of ``NONSENSE`` for what is no answer.
    """
    if "error" not in answer:
        return decode(answer["result"])
    error = wire.error_from_json(answer["error"])
    if isinstance(error, Full):
        return error
    return Retry(f"{room}: {error.what}", error.after_s) if isinstance(error, Retry) else error


def not_stopping(room: str, verb: str, told: T | Error) -> T | Refused | Retry:
    """Take a ``Stop`` for now: one room's adapter does not decide that the bus stops for all."""
    return Retry(f"{room}: {verb}: {told.what} {told.remedy}") if isinstance(told, Stop) else told


def meaning(room: str, verb: str, failure: BaseException, deadline_s: float) -> Retry:
    """Say why there was no answer to a call: of one of the ``FAILURES``."""
    match failure:
        case TimeoutError():
            return Stopped(f"{room}: {verb} took longer than {deadline_s:g} s and was stopped")
        case frames.Closed():
            return Stopped(f"{room}: the adapter's process ended during {verb}")
        case TooLarge():
            return Retry(f"{room}: {verb}: {failure.what}")
    return Retry(f"{room}: the adapter's answer to {verb} is unusable ({_reason(failure)})")


def _reason(failure: BaseException) -> str:
    # A refusal's words are ours; those of other errors may quote a record.
    return str(failure) if isinstance(failure, Refused) else type(failure).__name__
