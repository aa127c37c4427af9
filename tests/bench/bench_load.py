"""A running bus under load, and what is measured of it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen
from bench_backlog import Backlog
from bench_costs import cpu_seconds
from bench_journal import Percentiles, size, spans
from bench_sizes import LATENCY_S, WARM_UP, worth_measuring
from buses.lean_rooms import Rooms
from servers.waiting import wait_for

from dispatch_bus.application.accounting import Account, settle
from dispatch_bus.application.bus import Bus

_BALANCED = Account(lost=(), duplicated=(), refused=())
_PATIENCE_S = 120.0


@frozen
class Throughput:
    """Incidents a second until all was flat, and milliseconds of processor for each, by kind."""

    incidents: int
    incidents_per_s: float
    cpu_ms: dict[str, float]


@frozen
class Load:
    """A bus, its rooms, its backlog, and the processes whose work is counted.

    ``url`` is that of its database.
    """

    bus: Bus
    url: str
    rooms: Rooms
    backlog: Backlog
    pids: Sequence[int]

    def warm_up(self) -> Throughput:
        """Publish a few records, so that every process has done everything once."""
        return self.throughput(WARM_UP)

    def sized_throughput(self) -> Throughput:
        """Warm up, then measure as many incidents as its speed makes worth while."""
        return self.throughput(worth_measuring(self.warm_up().incidents_per_s))

    def throughput(self, count: int) -> Throughput:
        """Publish so many records at once, and wait until nothing is under way."""
        before = cpu_seconds(list(self.pids))
        began, ended = self._publish(count, None)
        after = cpu_seconds(list(self.pids))
        spent = {kind: (after[kind] - before[kind]) * 1_000 / count for kind in after}
        cpu_ms = {kind: round(ms, 2) for kind, ms in sorted(spent.items()) if ms > 0}
        return Throughput(count, round(count / (ended - began), 1), cpu_ms)

    def latency(self, per_s: int) -> dict[str, Percentiles]:
        """Publish records at random moments; return the percentiles of every part of the way."""
        mark = size(self.bus)
        self._publish(per_s * LATENCY_S, per_s)
        return spans(self.bus, mark)

    def assert_balanced(self) -> None:
        """See that nothing was lost and nothing happened twice.

        Offers that nobody answers expire meanwhile, and more is told: so it has to balance once.
        """
        wait_for(lambda: self._account() == _BALANCED, "the account balances", _PATIENCE_S)

    def _account(self) -> Account:
        """Hold what the rooms have sent and received against the journal."""
        return settle(self.bus, self.rooms.sent(), self.rooms.received())

    def _publish(self, count: int, per_s: float | None) -> tuple[float, float]:
        already = self.backlog.records()
        began = self.rooms.publish(count, per_s)
        return began, self.backlog.wait_until_flat(already + count)
