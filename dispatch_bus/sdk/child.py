"""Starts, asks and ends one adapter process.

Plain sockets and ``subprocess`` only, so that it works in a threaded process and in one that
eventlet has patched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from attrs import frozen

from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk import frames
from dispatch_bus.sdk.line import Line

# Each thread would reserve address space for memory of its own, which is limited.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}


@frozen
class Child:
    """A running adapter process. It dies when the pipe end ``lifeline`` is closed."""

    process: subprocess.Popen[bytes]
    line: Line
    lifeline: int

    def ask(self, request: JSON, deadline_s: float) -> JSON:
        """Make one call and return its answer.

        Raises:
            TimeoutError: it took longer than ``deadline_s`` seconds.
            Closed: the process has ended.
            TooLarge, Garbled: request or answer is no frame.
        """
        (number,) = self.begin([request], deadline_s)
        return self.finish(number, deadline_s)

    def begin(self, requests: Sequence[JSON], deadline_s: float) -> list[int]:
        """Make calls that are answered one after the other; return the number of each."""
        return self.line.call(requests, frames.Deadline(deadline_s))

    def finish(self, number: int, deadline_s: float) -> JSON:
        """Return the answer to one call; raise as `ask` does."""
        return self.line.answers([number], frames.Deadline(deadline_s))[number]

    def ask_or_forget(self, request: JSON, deadline_s: float) -> JSON | None:
        """Make one call and return its answer, none if it is late; raise as `ask` does, else.

        Raises:
            TimeoutError: the request did not leave in time.
        """
        (number,) = self.begin([request], deadline_s)
        try:
            return self.finish(number, deadline_s)
        except TimeoutError:
            self.line.forget(number)
            return None

    def end(self, grace_s: float) -> None:
        """Let it finish within ``grace_s`` seconds, then kill it and all that it started."""
        self.line.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.lifeline)


def spawn(room: str, role: str) -> Child:
    """Start an adapter process for a room; it waits for a first frame that says which adapter.

    Raises:
        Retry: the machine has no process or file handle left.
    """
    with contextlib.ExitStack() as undo:
        try:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            inherited, lifeline = os.pipe()
            undo.callback(os.close, lifeline)
            process = _started(room, role, theirs, inherited)
        except OSError as error:
            raise Retry(
                f"{room}: the adapter's process does not start ({error.strerror})"
            ) from error
        undo.pop_all()
    return Child(process, Line(ours), lifeline)


def _started(room: str, role: str, sock: socket.socket, lifeline: int) -> subprocess.Popen[bytes]:
    # What the child is given is its own: this process lets go of it, whatever comes of the start.
    with sock, os.fdopen(lifeline, "rb", buffering=0):
        handles = (sock.fileno(), lifeline)
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "dispatch_bus.sdk.host", room, role, *map(str, handles)],
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=handles,
            start_new_session=True,
        )
