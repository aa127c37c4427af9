"""Keeps an adapter's process from outliving the bus and from taking the machine."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal

MEMORY_LIMIT_BYTES = 1 << 30
_STDOUT, _STDERR = 1, 2


def confine(lifeline: int) -> None:
    """Bind this process to whoever holds the other end of the pipe ``lifeline``, and limit it."""
    _die_with(lifeline)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What an adapter prints is a log at best; the terminal of the bus is not its own.
    os.dup2(_STDERR, _STDOUT)


def _die_with(lifeline: int) -> None:
    """Have the kernel kill this process, and all of its group, when the pipe's other end closes.

    Not PR_SET_PDEATHSIG: that follows the *thread* that made this process, and a thread pool ends
    its threads. Not a thread that watches: a driver that holds the interpreter stops it.
    """
    # Negative, it names the group: this process leads one, in which is what an adapter starts.
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
    if _closed(lifeline):
        os.kill(os.getpid(), signal.SIGKILL)


def _closed(lifeline: int) -> bool:
    poll = select.poll()
    poll.register(lifeline, select.POLLHUP)
    return bool(poll.poll(0))
