"""The connections to PostgreSQL: how many, and how long anybody waits for an answer on one."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait
from sqlalchemy import Connection, Engine, create_engine, event, text

RV = TypeVar("RV")

CONNECTIONS: Final = 4
"""How many connections one service of a process has at most."""

_LIMITS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
}
# Longer than a statement may take: a server that says nothing for so long stands still.
_SILENCE_S = 12.0
# A peer that is gone or behind a dead line says nothing at all, not even that it got a packet.
# After 5 s of that the kernel ends the connection, whether something is under way or not.
_LINE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}


def connect(url: str, *, most: int = CONNECTIONS) -> Engine:
    """Make the pool for the PostgreSQL at ``url``, of at most ``most`` connections.

    The server's limits: a statement takes 10 s at most, a lock is awaited 5 s, and a transaction
    left idle for 15 s is ended, so a frozen process holds nothing for long. Ours: a connection
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
    """Let the statements of this transaction take as long as they do."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    cast("_Impatient", connection.connection.driver_connection).silence_s = float("inf")


class _Impatient(psycopg.Connection[Any]):
    """A connection that ends when its server says nothing for ``silence_s`` seconds.

    While it waits, the other threads of the process go on.
    """

    silence_s = _SILENCE_S

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        return super().wait(self._bounded(gen), *args, **kwargs)

    def _bounded(self, gen: PQGen[RV]) -> PQGen[RV]:
        """Hand on what the driver waits for; it looks ten times a second while nothing comes.

        In pipeline mode the driver may wait for an answer to what libpq has not sent whole yet
        (psycopg 3.3, a statement larger than the socket's buffer): so that is sent meanwhile.
        """
        heard = monotonic()
        try:
            wanted = next(gen)
            while True:
                unsent = wanted == Wait.R and self.pgconn.flush()
                ready = yield Wait.RW if unsent else wanted
                if ready:
                    heard = monotonic()
                elif monotonic() - heard > self.silence_s:
                    self._give_up()
                if ready != Ready.W or not unsent:
                    wanted = gen.send(Ready(ready & wanted))
        except StopIteration as end:
            return cast("RV", end.value)

    def _give_up(self) -> None:
        # Whatever it may still say would be taken for the answer to another question.
        self.pgconn.finish()
        raise psycopg.OperationalError(f"the server has been silent for {self.silence_s:g} s")


def _open(_: Any, __: Any, args: Any, parameters: Any) -> _Impatient:
    return _Impatient.connect(*args, **parameters)


def _be_impatient(connection: _Impatient, *_: Any) -> None:
    connection.silence_s = _SILENCE_S


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
