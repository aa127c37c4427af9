"""Prometheus metrics of one process. They count; the journal remembers."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

WORK_SECONDS = Histogram(
    "dispatch_bus_work_seconds", "Duration of one batch of work.", ["work"], buckets=_SECONDS
)
WORK_DONE = Counter("dispatch_bus_work_done", "Items of work done.", ["work"])
WORK_FAILED = Counter("dispatch_bus_work_failed", "Batches that failed.", ["work", "error"])
PAGES_DECIDED_LATER = Counter(
    "dispatch_bus_pages_decided_later", "Pages whose decision failed where they were recorded."
)
WAKEUPS = Counter("dispatch_bus_wakeups", "Wake-ups received.", ["kind"])
MALFORMED_WAKEUPS = Counter("dispatch_bus_wakeups_malformed", "Wake-ups that were unreadable.")
BROKER_UP = Gauge(
    "dispatch_bus_broker_up", "Whether a service hears the broker, or is heard by it.", ["service"]
)
