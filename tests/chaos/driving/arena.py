"""What the driver can lay hands on: the processes, the servers, the lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Protocol

import attrs
from buses.postman import Postman
from buses.room import Room
from servers.proxy import Proxy
from servers.rabbitmq import RabbitServer
from servers.stepped_clock import SteppedClock

from dispatch_bus.application.bus import Bus
from dispatch_bus.settings import Settings

INBOX_MESSAGES = 50
"""How many messages the inbox takes, and the outbox."""
_AGAIN = 3


class Victim(Protocol):
    """What can be killed and started again, and stands still while its processes do."""

    @property
    def name(self) -> str:
        """Its name in the report."""

    def kill(self) -> None:
        """Kill it, and what belongs to it."""

    def launch(self) -> None:
        """Start it again."""

    def wait(self) -> None:
        """Wait until it works."""

    def pids(self) -> Sequence[int]:
        """Return the numbers of its processes."""


class Process(Victim, Protocol):
    """A process of a service."""

    def look(self) -> str | None:
        """Start it again if it has ended by itself; say so where nobody could expect it."""


@attrs.frozen
class Node:
    """A node of the broker, as a victim."""

    server: RabbitServer

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return self.server.node

    def kill(self) -> None:
        """Kill it."""
        self.server.kill()

    def launch(self) -> None:
        """Start it again with all that it stored."""
        self.server.launch()

    def wait(self) -> None:
        """Wait until it takes connections; start it again if it ends on the way, as systemd would.

        Of nodes that start at once one may ask another for its feature flags before it has any, and
        ends (RabbitMQ 3.10).
        """
        for _ in range(_AGAIN):
            try:
                return self.server.wait_until_ready()
            except AssertionError:
                if not self.server.has_ended:
                    raise
                self.server.launch()
        return self.server.wait_until_ready()

    def pids(self) -> Sequence[int]:
        """Return the number of its one process."""
        return [self.server.pid]


@attrs.frozen(kw_only=True)
class Arena:
    """One bus that is about to have bad days.

    ``services`` are the processes of each service; ``broker_lines`` and ``database_lines`` what
    they reach the servers through; ``database_url`` goes past them. ``clocks`` are the wall clocks
    of some of the processes, by the processes' names. ``bus`` is for questions about the same
    store. ``postman`` is how ``mailbox_room`` reads and writes its mailbox; the others are spoken
    to over HTTP. ``threads``, one for each lane of faults, live as long as all the rest: with a
    thread ends what it has started. Nothing was there before ``began``.
    """

    began: datetime
    settings: Settings
    services: Mapping[str, Sequence[Process]]
    nodes: Sequence[Node]
    database: Victim
    broker_lines: Sequence[Proxy]
    database_lines: Sequence[Proxy]
    database_url: str
    vhost: str
    bus: Bus
    rooms: Mapping[str, Room]
    mailbox_room: str
    postman: Postman
    clocks: Mapping[str, SteppedClock]
    threads: Executor

    def leader(self, queue: str) -> Node:
        """Return the node that leads a queue; the first one where nobody knows."""
        for node in self.nodes:
            name = node.server.leader(self.vhost, queue)
            found = next((one for one in self.nodes if one.name == name), None)
            if found:
                return found
        return self.nodes[0]
