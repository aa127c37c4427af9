"""``bus.toml``: the bus itself on this machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dispatch_bus.settings.models.fields import Count, Port, Seconds, Table, Text


class Data(Table):
    """Where the bus keeps its files; a relative folder starts at the working directory."""

    folder: Text


class Tls(Table):
    """Whom to trust and how to show who one is, as PEM files relative to the data folder.

    Without ``ca_file`` no TLS is used; ``certificate_file`` and ``key_file`` make it mutual.
    """

    ca_file: str
    certificate_file: str
    key_file: str


class Store(Table):
    """Which PostgreSQL to use; an empty ``url`` means the embedded one.

    ``password_file`` is relative to the data folder; it is empty where no password is needed.
    """

    url: str
    password_file: str
    tls: Tls


class Broker(Table):
    """Which RabbitMQ carries the wake-ups; an empty ``url`` means memory, within one process.

    ``url`` names one node or several, with ``;`` between them. ``management_url`` is where
    `dispatch-bus broker` declares and checks what is needed. Files are relative to the data
    folder.
    """

    url: str
    password_file: str
    management_url: str
    management_user: str
    management_password_file: str
    tls: Tls

    @property
    def nodes(self) -> tuple[str, ...]:
        """The address of each node; none where the broker is in memory."""
        return tuple(node for node in self.url.split(";") if node)


class Partners(Table):
    """How much waits in each room's inbox on the broker, and for how many seconds."""

    vhost: Text
    inbox_messages: Count
    inbox_bytes: Count
    expiry_s: Seconds


class Gateway(Table):
    """Where the HTTP API listens; ``token_file`` is relative to the data folder."""

    host: Text
    port: Port
    token_file: Text


class Metrics(Table):
    """Where the bus process serves its Prometheus metrics; port 0 takes any free one."""

    host: Text
    bus_port: Port


class Intake(Table):
    """How records are pulled: records per page, seconds per poll, undecided incidents."""

    page_limit: Annotated[Count, Field(le=10_000)]
    wait_s: Seconds
    deadline_s: Seconds
    backlog_limit: Count


class Delivery(Table):
    """How messages are handed to rooms; times in seconds."""

    deadline_s: Seconds
    overdue_s: Seconds
    retry_first_s: Seconds
    retry_longest_s: Seconds


class Mirrors(Table):
    """When a mirror closes by itself: seconds outside the zone."""

    leave_hold_s: Seconds


class Retention(Table):
    """How many days the keys to personal fields are kept."""

    personal_days: Annotated[Count, Field(le=3_650)]


class Log(Table):
    """How the processes write their logs."""

    format: Literal["console", "json"]
    level: Literal["debug", "info", "warning", "error"]


class Bus(Table):
    """All of ``bus.toml``."""

    data: Data
    store: Store
    broker: Broker
    partners: Partners
    gateway: Gateway
    metrics: Metrics
    intake: Intake
    delivery: Delivery
    mirror: Mirrors
    retention: Retention
    log: Log
