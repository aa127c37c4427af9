"""``bus.toml``: the bus itself on this machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dispatch_bus.settings.models.fields import Count, Port, Seconds, Table, Text


class Data(Table):
    """Where the bus keeps its files; a relative folder starts at the working directory."""

    folder: Text


class Store(Table):
    """Which PostgreSQL to use; an empty ``url`` means the embedded one."""

    url: str


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
    gateway: Gateway
    metrics: Metrics
    intake: Intake
    delivery: Delivery
    mirror: Mirrors
    retention: Retention
    log: Log
