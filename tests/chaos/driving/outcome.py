"""What came of it all: the rooms' logs, the driver's and the journal held against one another."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import attrs
from chaos.driving.logbook import Struck
from chaos.driving.plan import DATABASE_AWAY

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import everything
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.entry import Entry

T = TypeVar("T")
_AGAIN_AFTER_S = 1.0
_CUTS = (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
# So long after a fault is what happens then still its doing.
_AFTER = timedelta(seconds=10)
_OPENED = frozenset({EntryKind.INCIDENT_RECORDED})


@attrs.frozen(kw_only=True)
class Story:
    """What the journal tells: when what arrived, and how often what was tried.

    ``ways`` are pairs of when something became available and when a neighbour first had it, by
    the rooms' clock, in the order of the first; ``arrivals`` the moments of all deliveries.
    ``quarantined`` has the reason why each record of a room was.
    """

    ways: tuple[tuple[datetime, datetime], ...]
    arrivals: tuple[datetime, ...]
    kinds: Mapping[str, int]
    quarantined: Mapping[tuple[str, str], str]
    first: datetime
    last: datetime


@attrs.define
class _Reader:
    available: dict[str, datetime] = attrs.field(factory=dict)
    had: dict[str, datetime] = attrs.field(factory=dict)
    arrivals: list[datetime] = attrs.field(factory=list)
    kinds: Counter[str] = attrs.field(factory=Counter)
    quarantined: dict[tuple[str, str], str] = attrs.field(factory=dict)
    first: datetime = datetime.max.replace(tzinfo=UTC)
    last: datetime = datetime.min.replace(tzinfo=UTC)

    def read(self, entry: Entry) -> None:
        self.kinds[entry.kind] += 1
        self.first, self.last = min(self.first, entry.at), max(self.last, entry.at)
        if entry.kind in _OPENED:
            told = datetime.fromisoformat(entry.facts["available_at"])
            # The journal's order is not that of time where several processes write it.
            earlier = self.available.get(entry.correlation, told)
            self.available[entry.correlation] = min(earlier, told)
        elif entry.kind == EntryKind.DELIVERY_MADE:
            arrived = datetime.fromisoformat(entry.facts["received_at"])
            self.arrivals.append(arrived)
            earlier = self.had.get(entry.correlation, arrived)
            self.had[entry.correlation] = min(earlier, arrived)
        elif entry.kind == EntryKind.RECORD_QUARANTINED:
            facts = entry.facts
            self.quarantined[facts["room"], facts["record"]] = facts["field"]


def patiently(question: Callable[[], T]) -> T:
    """Ask until the database answers: a machine that has come so far may still be busy."""
    while True:
        try:
            return question()
        except Retry:
            time.sleep(_AGAIN_AFTER_S)


def story(bus: Bus) -> Story:
    """Read the whole journal."""
    reader = _Reader()
    for one in everything(bus):
        reader.read(one.entry)
    both = reader.available.keys() & reader.had.keys()
    ways = ((reader.available[name], reader.had[name]) for name in both)
    return Story(
        # Only what a neighbour had after it became available says how long that took.
        ways=tuple(sorted((available, had) for available, had in ways if had >= available)),
        arrivals=tuple(sorted(reader.arrivals)),
        kinds=dict(reader.kinds),
        quarantined=reader.quarantined,
        first=reader.first,
        last=reader.last,
    )


def recovery_s(told: Story, fault: Struck) -> float | None:
    """Return the seconds from a fault to the first delivery of what was available only after it.

    From when it began: for whoever waits it makes no difference what the cause is. None where
    nothing was available any more.
    """
    start = bisect_left(told.ways, (fault.begun,))
    later = told.ways[start:]
    return min(((had - fault.begun).total_seconds() for _, had in later), default=None)


def blocked_s(told: Story, fault: Struck, others: Iterable[Struck] = ()) -> float:
    """Return the longest time between two deliveries while a fault lasts, and shortly after.

    What one of ``others`` may be to blame for counts no more.
    """
    begun = (one.begun for one in others if one.kind in DATABASE_AWAY and one.begun > fault.begun)
    end = min([fault.ended + _AFTER, *begun])
    return longest_gap_s(told.arrivals, fault.begun, end)


def undisturbed(faults: Sequence[Struck]) -> list[Struck]:
    """Leave out faults which began while the database was away for another one, or just after."""
    away = [one for one in faults if one.kind in DATABASE_AWAY]
    return [
        fault
        for fault in faults
        if not any(
            one.begun <= fault.begun < one.ended + _AFTER for one in away if one is not fault
        )
    ]


def longest_gap_s(moments: Sequence[datetime], start: datetime, end: datetime) -> float:
    """Return the longest time without any of ``moments`` between ``start`` and ``end``."""
    within = moments[bisect_left(moments, start) : bisect_left(moments, end)]
    # After the last of all, nothing was on its way any more.
    until = max(start, min(end, moments[-1])) if moments else end
    pairs = pairwise([start, *within, until])
    return max((later - earlier).total_seconds() for earlier, later in pairs)


def percentiles(values: Iterable[float]) -> dict[str, float | None]:
    """Return the median, the 95th percentile and the largest value; none of them of nothing."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p95": None, "max": None}
    at = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in _CUTS}
    return {name: round(value, 2) for name, value in at.items()}


def by_kind(told: Story, faults: Sequence[Struck]) -> Iterator[dict[str, Any]]:
    """Yield a line for each kind of fault: how many, and how fast all went on.

    The times are those of faults in which no other had the database away.
    """
    counts, measured = Counter(one.kind for one in faults), undisturbed(faults)
    for kind, count in sorted(counts.items()):
        some = [one for one in measured if one.kind is kind]
        yield {
            "kind": str(kind),
            "faults": count,
            "recovery_s": percentiles(recoveries(told, some)),
            "blocked_s": longest_blocked_s(told, some, faults),
        }


def recoveries(told: Story, faults: Iterable[Struck]) -> list[float]:
    """Return the seconds of each recovery that there was."""
    return [seconds for one in faults if (seconds := recovery_s(told, one)) is not None]


def longest_blocked_s(
    told: Story, faults: Iterable[Struck], others: Sequence[Struck]
) -> float | None:
    """Return the longest time blocked by any of ``faults``; none where there are none."""
    longest = max((blocked_s(told, one, others) for one in faults), default=None)
    return None if longest is None else round(longest, 2)
