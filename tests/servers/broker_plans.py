"""Plans for a broker that many tests share: virtual hosts, rooms and users of a test's own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import attrs
from servers.rabbitmq import ADMIN, RabbitServer

from dispatch_bus.messaging.admin.api import Login, Management
from dispatch_bus.messaging.admin.comparing import set_up
from dispatch_bus.messaging.admin.plan import Account, Plan
from dispatch_bus.sdk.amqp import Access
from dispatch_bus.sdk.mailbox import Mailbox

_numbers = itertools.count(1)
# Each wait of a test for the broker, in seconds: a busy machine is no failure.
PATIENCE_S = 20.0


@attrs.frozen
class Planned:
    """A broker set up by a plan, for rooms of the test's own."""

    server: RabbitServer
    plan: Plan
    broker: Management

    @property
    def room(self) -> str:
        """The first room."""
        return self.plan.rooms[0][0]

    @property
    def other(self) -> str:
        """The second room."""
        return self.plan.rooms[1][0]

    def access(self, user: str, **changes: Any) -> Access:
        """Return a user's way to the partners' virtual host."""
        accounts = {one.name: one for _, one in self.plan.rooms} | {
            self.plan.bus.name: self.plan.bus
        }
        usual: dict[str, Any] = {
            "url": self.server.url(self.plan.partners_vhost, user),
            "password": accounts[user].password,
            "timeout_s": PATIENCE_S,
        }
        return Access(**usual | changes)

    def room_access(self, room: str, **changes: Any) -> Access:
        """Return a room's own way there."""
        return self.access(Mailbox(room).user, **changes)

    def empty(self, queue: str) -> None:
        """Take out of a queue what no reader has."""
        path = f"/api/queues/{self.plan.partners_vhost}/{queue}/contents"
        self.server.api("DELETE", path).raise_for_status()


@contextmanager
def planned(server: RabbitServer, **changes: Any) -> Iterator[Planned]:
    """Set the broker up for two rooms, and remove everything at the end."""
    name = f"{os.getpid()}-{next(_numbers)}"
    rooms = tuple(
        (f"{one}-{name}", Account(name=f"room-{one}-{name}", password=f"pw {one}"))
        for one in ("BE", "DE")
    )
    usual: dict[str, Any] = {
        "vhost": f"bus-{name}",
        "bus": Account(name=f"bus-{name}", password="own word"),
        "partners_vhost": f"partners-{name}",
        "rooms": rooms,
        "inbox_messages": 1_000,
        "inbox_bytes": 10_000_000,
        "expiry_s": 3_600.0,
    }
    login = Login(url=server.management_url, user=ADMIN, password=server.password)
    with closing(Management(login)) as broker:
        plan = Plan(**{"version": broker.version(), **usual, **changes})
        set_up(plan, broker)
        try:
            yield Planned(server, plan, broker)
        finally:
            for vhost in (plan.vhost, plan.partners_vhost):
                server.drop_vhost(vhost)
            for user in (plan.bus.name, *(one.name for _, one in plan.rooms)):
                server.api("DELETE", f"/api/users/{user}")
