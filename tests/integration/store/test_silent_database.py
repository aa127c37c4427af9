"""A database that stands still, is out of reach, or has no connection left."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from subprocess import run
from typing import Any

import pytest
from servers.proxy import Proxy, Weather
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from dispatch_bus.domain.errors import Retry
from dispatch_bus.store import engine as engines
from dispatch_bus.store.engine import connect, take_time
from dispatch_bus.store.failures import translated

# What a service is: one thread asks, and another counts how often it gets its turn.
_SERVICE = """
import dispatch_bus.services.patched
import sys, eventlet
from dispatch_bus.store import engine
from sqlalchemy import text

made = engine.connect(sys.argv[1])
with made.begin() as connection:
    asking = eventlet.spawn(connection.execute, text("SELECT pg_sleep(1)"))
    turns = 0
    while not asking.dead:
        eventlet.sleep(0.01)
        turns += 1
print(turns)
"""


@pytest.fixture
def line(database_url: str) -> Iterator[Proxy]:
    """A line to the database that can go bad."""
    host = make_url(database_url).query["host"]
    with closing(Proxy(f"{host}/.s.PGSQL.5432")) as made:
        yield made


@pytest.fixture
def engine(database_url: str, line: Proxy) -> Iterator[Engine]:
    """A pool at the far end of that line."""
    far = make_url(database_url).set(host="127.0.0.1", port=line.port, query={})
    made = connect(far.render_as_string(hide_password=False), most=1)
    yield made
    made.dispose()


def ask(engine: Engine) -> Any:
    """Ask the database something, as a unit of work would."""
    with translated(), engine.begin() as connection:
        return connection.execute(text("SELECT 1")).scalar_one()


def test_a_database_that_falls_silent_is_given_up(
    engine: Engine, line: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connected for good, it says nothing: whoever asks fails, and afterwards all is well."""
    assert ask(engine) == 1
    monkeypatch.setattr(engines, "_SILENCE_S", 0.5)
    line.set(Weather(black_hole=True))
    with pytest.raises(Retry, match=r"silent for 0\.5 s"):
        ask(engine)
    line.heal()
    monkeypatch.undo()
    assert ask(engine) == 1


def test_whoever_takes_its_time_is_not_given_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup may wait for long; the next transaction on its connection may not."""
    assert ask(engine) == 1
    monkeypatch.setattr(engines, "_SILENCE_S", 1.0)
    with engine.begin() as connection:
        take_time(connection)
        connection.execute(text("SELECT pg_sleep(1.5)"))
    with pytest.raises(Retry, match="silent"), translated(), engine.begin() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))


def test_a_service_that_waits_for_the_database_lets_its_other_threads_work(
    database_url: str,
) -> None:
    """Nothing waits within the driver's own code, which would hold up the whole process."""
    told = run([sys.executable, "-c", _SERVICE, database_url], capture_output=True, check=True)
    assert int(told.stdout) > 1


def line_ms(connection: Connection) -> int:
    """Return after how many milliseconds without a sign of its peer the kernel ends a line."""
    driver: Any = connection.connection.driver_connection
    with socket.socket(fileno=os.dup(driver.fileno())) as sock:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


def test_a_server_that_reads_no_more_is_busy_for_whoever_takes_its_time(engine: Engine) -> None:
    """A restore waits while the server writes; the next transaction does not."""
    with engine.begin() as connection:
        assert line_ms(connection) == 5_000
        take_time(connection)
        assert line_ms(connection) == 0
    with engine.begin() as connection:
        assert line_ms(connection) == 5_000


def test_the_kernel_is_told_to_end_a_dead_line(engine: Engine) -> None:
    """Within 5 s, whether something is under way or nothing is."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as sock:
            told = {
                name: sock.getsockopt(level, getattr(socket, name))
                for level, name in (
                    (socket.SOL_SOCKET, "SO_KEEPALIVE"),
                    (socket.IPPROTO_TCP, "TCP_KEEPIDLE"),
                    (socket.IPPROTO_TCP, "TCP_KEEPINTVL"),
                    (socket.IPPROTO_TCP, "TCP_KEEPCNT"),
                    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"),
                )
            }
    assert told == {
        "SO_KEEPALIVE": 1,
        "TCP_KEEPIDLE": 2,
        "TCP_KEEPINTVL": 1,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 5_000,
    }


def test_a_database_without_a_free_connection_is_asked_again(database_url: str) -> None:
    """The error says so, and what to do; when one is free, all is well."""
    first, second = connect(database_url, most=1), connect(database_url, most=1)
    with first.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT 1"))
        connection.commit()
        with pytest.raises(Retry, match=r"no connection left .*: raise max_connections"):
            ask(second)
    first.dispose()
    assert ask(second) == 1
    second.dispose()
