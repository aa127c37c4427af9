"""The connections to PostgreSQL: how many, and how long anybody waits for an answer on one."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.waiting import Wait
from sqlalchemy import Connection, Engine, create_engine, event, text

RV = TypeVar("RV")

CONNECTIONS: Final = 4
"""How many connections one service of a process has at most."""

_LIMITS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "timezone": "UTC",
}
# Longer than a statement may take: a server that says nothing for so long stands still.
_SILENCE_S = 12.0
# A peer that is gone or behind a dead line says nothing at all, not even that it got a packet.
# After 5 s of that the kernel ends the connection, whether something is under way or not.
_LINE_MS = 5_000
_LINE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": _LINE_MS,
}


def connect(url: str, *, most: int = CONNECTIONS) -> Engine:
    """Make the pool for the PostgreSQL at ``url``, of at most ``most`` connections.

    The server's limits: a statement takes 10 s at most, a lock is awaited 5 s, and a transaction
    left idle for 5 s is ended, so a frozen process holds nothing for long. Ours: a connection
    is made within 5 s for each host of the URL, lost 5 s after the last sign of its peer, and
    given up when the server has been silent for 12 s. Who finds all connections taken waits 10 s
    for one.
    """
    options = " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())
    engine = create_engine(
        url,
        pool_size=most,
        max_overflow=0,
        # The one that was used last: its server process has everything at hand.
        pool_use_lifo=True,
        pool_timeout=10,
        hide_parameters=True,
        json_serializer=_compact,
        connect_args={"options": options, "application_name": "dispatch-bus", **_LINE},
    )
    event.listen(engine, "do_connect", _open)
    event.listen(engine, "checkout", _be_impatient)
    return engine


def take_time(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they do, and what is between them."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
    cast("_Impatient", connection.connection.driver_connection).wait_for(float("inf"), 0)


class _AtOnce(psycopg.Pipeline):
    """A pipeline that leaves as a whole, when it ends or a result is looked at.

    The driver's own sends each statement as it comes, and waits until the socket has taken it: with
    a dozen small ones that costs both ends more than what they ask for.
    """

    def _communicate_gen(self) -> PQGen[None]:
        while self.command_queue:
            self.command_queue.popleft()()
        yield from ()

    def _sync_gen(self) -> PQGen[None]:
        # All has to be sent before anything is waited for.
        self._enqueue_sync()
        yield from self._communicate_gen()
        yield from self._fetch_gen(flush=True)


class _Impatient(psycopg.Connection[Any]):
    """A connection that ends when its server says nothing for ``silence_s`` seconds.

    While it waits, the other threads of the process go on.
    """

    silence_s = _SILENCE_S

    def wait_for(self, silence_s: float, line_ms: int) -> None:
        """Set how long the server may say nothing, and how long it may take nothing (0: for ever).

        A server that is busy with what it got, and reads no more, is not gone.
        """
        self.silence_s = silence_s
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.fileno())) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, line_ms)

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """Gather statements, and send them at once."""
        self._pipeline = self._pipeline or _AtOnce(self)
        with super().pipeline() as pipeline:
            yield pipeline

    def commit(self) -> None:
        """Commit; a pipeline's last statement is awaited with all others."""
        if self._pipeline:
            self.wait(self._exec_command(b"COMMIT"))
        else:
            super().commit()

    def _start_query(self) -> PQGen[None]:
        """Begin a transaction, of which a pipeline does not wait to hear."""
        pipeline = self._pipeline
        if self._autocommit or not isinstance(pipeline, _AtOnce):
            yield from super()._start_query()
        elif self.pgconn.transaction_status == TransactionStatus.IDLE and not pipeline.result_queue:
            yield from self._exec_command(self._get_tx_start_command())

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        try:
            wanted = next(gen)
        except StopIteration as end:
            return cast("RV", end.value)
        return super().wait(self._bounded(gen, wanted), *args, **kwargs)

    def _bounded(self, gen: PQGen[RV], wanted: Wait) -> PQGen[RV]:
        """Hand on what the driver waits for; it looks ten times a second while nothing comes."""
        heard = monotonic()
        try:
            while True:
                ready = yield wanted
                if ready:
                    heard = monotonic()
                elif monotonic() - heard > self.silence_s:
                    self._give_up()
                wanted = gen.send(ready)
        except StopIteration as end:
            return cast("RV", end.value)

    def _give_up(self) -> None:
        # Whatever it may still say would be taken for the answer to another question.
        self.pgconn.finish()
        raise psycopg.OperationalError(f"the server has been silent for {self.silence_s:g} s")


def _open(_: Any, __: Any, args: Any, parameters: Any) -> _Impatient:
    return _Impatient.connect(*args, **parameters)


def _be_impatient(connection: _Impatient, *_: Any) -> None:
    if connection.silence_s != _SILENCE_S:
        connection.wait_for(_SILENCE_S, _LINE_MS)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
