"""What a broker's failure means to an operator, and how a connection to it is dropped."""

from __future__ import annotations

from contextlib import suppress

import eventlet
from amqp.exceptions import (  # type: ignore[import-untyped]
    AccessRefused,
    AMQPError,
    NotAllowed,
    NotFound,
)
from kombu.connection import Connection
from kombu.exceptions import KombuError

FAILURES = (eventlet.Timeout, OSError, AMQPError, KombuError)
_SETUP = "the command for that is: dispatch-bus broker setup"
_CLOSE_S = 1.0


def meaning(error: BaseException) -> str:
    """Say what a failure was and, where that helps, what to do. It holds no password."""
    if isinstance(error, eventlet.Timeout):
        return f"it did not answer within {error.seconds:g} s"
    text = getattr(error, "reply_text", "") or str(error) or type(error).__name__
    return f"{text}; {_SETUP}" if isinstance(error, NotFound | NotAllowed | AccessRefused) else text


def drop(connection: Connection) -> None:
    """Close a connection in good order where the broker lets us, else close its socket."""
    with suppress(*FAILURES), eventlet.Timeout(_CLOSE_S):
        connection.close()
    connection.collect()
