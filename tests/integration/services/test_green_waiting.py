"""Waiting for PostgreSQL in a process whose threads are eventlet's."""

from __future__ import annotations

import subprocess
import sys

# A lock that one thread holds and another waits for: whoever stopped both would never let go of it.
PROGRAM = """
import dispatch_bus.services.patched
import sys
import eventlet
from sqlalchemy import text
from dispatch_bus.store.engine import connect

engine, order = connect(sys.argv[1]), []
LOCK = text("SELECT pg_advisory_xact_lock(1)")

def follow():
    with engine.begin() as connection:
        order.append("second asks")
        connection.execute(LOCK)
        order.append("second has it")

with engine.begin() as connection:
    connection.execute(LOCK)
    second = eventlet.spawn(follow)
    while not order:
        eventlet.sleep(0.01)
    eventlet.sleep(0.1)
    order.append("first lets go")
second.wait()
print(*order, sep=", ")
"""


def test_a_statement_that_takes_long_holds_up_no_other_thread(database_url: str) -> None:
    """One thread waits for a lock, and the one that has it goes on and lets go of it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, database_url],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "second asks, first lets go, second has it"
