"""What the bus is compared with: three nameko services in a row, one message per handler.

``python plain_pipeline.py SERVICE AMQP_URI DATABASE_URL``. Each handler writes one row and commits
it, then dispatches the next event, persistent and confirmed. It looks up no place, applies no
agreement, encrypts nothing, keeps no journal and calls no room.
"""

# ruff: noqa: E402
# Cooperative sockets, and a database driver that uses them, have to be in place before anything is
# imported that makes one.
import os

os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

import eventlet

eventlet.monkey_patch()

import sys
import time
from typing import Any

import psycopg
from eventlet.queue import LightQueue
from nameko.events import EventDispatcher, event_handler
from nameko.extensions import DependencyProvider
from nameko.runners import ServiceRunner

MAX_WORKERS = 10
SOURCE, TOLD = "source", "told"
_INSERT = "INSERT INTO {} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


class Rows(DependencyProvider):
    """A table, with a connection for each worker."""

    def __init__(self, table: str) -> None:
        self._insert = _INSERT.format(table)

    def setup(self) -> None:
        """Connect."""
        self._free: LightQueue = LightQueue()
        for _ in range(MAX_WORKERS):
            self._free.put(psycopg.connect(self.container.config["DATABASE_URL"]))

    def get_dependency(self, worker_ctx: Any) -> "Rows":  # noqa: ARG002
        """Return the table; its connections are shared by every worker."""
        return self

    def add(self, told: dict[str, Any]) -> None:
        """Write a row with the time at which it was asked for, and commit it."""
        at = time.time()
        connection = self._free.get()
        try:
            connection.execute(self._insert, (told["id"], told["body"], at))
            connection.commit()
        finally:
            self._free.put(connection)


class Recorder:
    """The first hop."""

    name = "recorder"
    rows = Rows("plain_incident")
    dispatch = EventDispatcher()

    @event_handler(SOURCE, TOLD)
    def record(self, told: dict[str, Any]) -> None:
        """Keep what a room has told."""
        self.rows.add(told)
        self.dispatch("recorded", told)


class Decider:
    """The second hop."""

    name = "decider"
    rows = Rows("plain_notice")
    dispatch = EventDispatcher()

    @event_handler("recorder", "recorded")
    def decide(self, told: dict[str, Any]) -> None:
        """Keep that a neighbour is to know."""
        self.rows.add(told)
        self.dispatch("decided", told)


class Deliverer:
    """The third hop. Its row holds the time of delivery: when the event was in its hands."""

    name = "deliverer"
    rows = Rows("plain_delivery")

    @event_handler("decider", "decided")
    def deliver(self, told: dict[str, Any]) -> None:
        """Keep that a neighbour knows."""
        self.rows.add(told)


SERVICES = {service.name: service for service in (Recorder, Decider, Deliverer)}


def main(service: str, amqp_uri: str, database_url: str) -> None:
    """Run one service until killed."""
    runner = ServiceRunner(
        {"AMQP_URI": amqp_uri, "DATABASE_URL": database_url, "max_workers": MAX_WORKERS}
    )
    runner.add_service(SERVICES[service])
    runner.start()
    print("ready", flush=True)
    runner.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
