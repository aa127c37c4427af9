"""How psycopg waits for PostgreSQL in a process whose threads are eventlet's."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from eventlet.green.select import select as select_green
from eventlet.patcher import original
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait, wait_selector

RV = TypeVar("RV")
_select: Any = original("select")
# Most answers come sooner: so long all threads of the process wait, which costs a third of letting
# the others go on. What takes longer holds up nobody.
_AT_ONCE_MS: Final = 2
_READ, _WRITE = _select.POLLIN, _select.POLLOUT


def wait(gen: PQGen[RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """Carry out what the driver has begun; the other threads of the process go on meanwhile.

    Every ``interval`` seconds the driver is asked whether it still wants to wait. A ``timeout`` in
    seconds is left to the driver's own way, which is as cooperative, and dearer.
    """
    if timeout is not None:
        return wait_selector(gen, fileno, interval, timeout)
    try:
        wanted = next(gen)
        while True:
            ready = _at_once(fileno, wanted) or _in_time(fileno, wanted, interval)
            wanted = gen.send(ready)
    except StopIteration as end:
        result: RV = end.value
        return result


def _at_once(fileno: int, wanted: Wait) -> Ready:
    poll = _select.poll()
    poll.register(fileno, (wanted & Wait.R and _READ) | (wanted & Wait.W and _WRITE))
    events = sum(event for _, event in poll.poll(_AT_ONCE_MS))
    # A line that is broken or closed can be read: the driver learns of it there.
    readable = Ready.R if events & ~_WRITE else Ready.NONE
    return Ready(readable | (Ready.W if events & _WRITE else Ready.NONE))


def _in_time(fileno: int, wanted: Wait, interval: float) -> Ready:
    read = [fileno] if wanted & Wait.R else []
    write = [fileno] if wanted & Wait.W else []
    readable, writable, _ = select_green(read, write, [], interval)
    return Ready((Ready.R if readable else 0) | (Ready.W if writable else 0))
