"""How the bus stands, as Prometheus metrics: asked of the store at each scrape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dispatch_bus.application.rooms import Reading
from dispatch_bus.application.standing import Standing
from dispatch_bus.store.quarantine import QuarantineState


class Told(Collector):
    """The metrics of one answer; those that nobody knows are left out, not shown as before.

    ``dispatch_bus_store_up`` is 0 when there is none.
    """

    def __init__(self, found: Standing | None) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        up = "Whether the database answered."
        yield GaugeMetricFamily("dispatch_bus_store_up", up, value=self._found is not None)
        if self._found:
            yield from _stages(self._found)
            yield from _store(self._found)
            yield from _rooms(self._found)


def _stages(found: Standing) -> Iterator[Metric]:
    waiting = {one.name: float(one.waiting) for one in found.stages}
    oldest = {one.name: one.oldest_s for one in found.stages}
    yield _family("stage_waiting", "Items that wait at a stage.", "stage", waiting)
    yield _family("stage_oldest_seconds", "How long the oldest item has waited.", "stage", oldest)


def _store(found: Standing) -> Iterator[Metric]:
    records = {state.value: float(found.quarantine.get(state, 0)) for state in QuarantineState}
    yield _family("quarantine_records", "Records in the quarantine.", "state", records)
    yield _one("handoffs_pending", "Handoffs whose part may still move.", found.handoffs)
    yield _one("sealer_held", "Whether a sealer holds the lease.", found.sealer)
    yield _one("journal_entries", "Entries that are sealed.", found.entries)
    yield _one("store_connections", "Connections of the database server.", found.connections)
    limit = "Connections that the database server can have."
    yield _one("store_connections_limit", limit, found.connections_limit)


def _rooms(found: Standing) -> Iterator[Metric]:
    up = {one.id: float(one.reading is Reading.REACHABLE) for one in found.rooms}
    yield _family("room_up", "Whether a room is read and answers.", "room", up)
    undelivered = {one.id: float(one.undelivered) for one in found.rooms}
    yield _family("room_undelivered", "Tellings that a room lacks.", "room", undelivered)
    since = {one.id: _age(found.at, one.undelivered_since) for one in found.rooms}
    lacking = "How long a room has lacked the oldest telling."
    yield _family("room_undelivered_oldest_seconds", lacking, "room", since)
    yield _family("room_clock_ahead_seconds", "How far ahead its clock is.", "room", _clocks(found))
    yield from _inboxes(found)


def _inboxes(found: Standing) -> Iterator[Metric]:
    inboxes = [one for one in found.rooms if one.inbox_waiting is not None]
    waiting = {one.id: float(one.inbox_waiting or 0) for one in inboxes}
    yield _family("inbox_messages", "Messages in a room's inbox.", "room", waiting)
    full = {one.id: float(one.inbox_full_since is not None) for one in inboxes}
    yield _family("inbox_full", "Whether a room's inbox takes no more.", "room", full)


def _clocks(found: Standing) -> dict[str, float]:
    return {one.id: one.clock_ahead_s for one in found.rooms if one.clock_ahead_s is not None}


def _age(now: datetime, since: datetime | None) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"dispatch_bus_{name}", words, value=value)


def _family(name: str, words: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"dispatch_bus_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
