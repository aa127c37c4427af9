"""What came of it all: the rooms' logs, the driver's and the journal held against one another."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import attrs
from chaos.driving.logbook import Struck
from chaos.driving.plan import DATABASE_AWAY, FaultKind

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
_SLOWEST = 10
_OPENED = frozenset({EntryKind.INCIDENT_RECORDED})


@attrs.frozen(kw_only=True)
class Way:
    """When a record was available, recorded, first on its way to a neighbour, and had there.

    The first and the last by the rooms' clock.
    """

    available: datetime
    recorded: datetime
    attempted: datetime
    had: datetime


@attrs.frozen(kw_only=True)
class Story:
    """What the journal tells: when what arrived, and how often what was tried.

    ``ways`` are in the order in which things became available; ``arrivals`` are the moments of all
    deliveries. ``quarantined`` has the reason why each record of a room was.
    """

    ways: tuple[Way, ...]
    arrivals: tuple[datetime, ...]
    kinds: Mapping[str, int]
    quarantined: Mapping[tuple[str, str], str]
    first: datetime
    last: datetime


@attrs.define
class _Reader:
    available: dict[str, datetime] = attrs.field(factory=dict)
    recorded: dict[str, datetime] = attrs.field(factory=dict)
    attempted: dict[str, datetime] = attrs.field(factory=dict)
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
            _note_first(self.available, entry.correlation, told)
            _note_first(self.recorded, entry.correlation, entry.at)
        elif entry.kind == EntryKind.DELIVERY_ATTEMPTED:
            _note_first(self.attempted, entry.correlation, entry.at)
        elif entry.kind == EntryKind.DELIVERY_MADE:
            arrived = datetime.fromisoformat(entry.facts["received_at"])
            self.arrivals.append(arrived)
            _note_first(self.had, entry.correlation, arrived)
        elif entry.kind == EntryKind.RECORD_QUARANTINED:
            facts = entry.facts
            self.quarantined[facts["room"], facts["record"]] = facts["field"]

    def ways(self) -> Iterator[Way]:
        """Yield the way of what was had after it became available: that says how long it took."""
        for name, available in sorted(self.available.items(), key=lambda item: item[1]):
            had = self.had.get(name)
            if had and had >= available:
                # The word from an inbox goes by the revision that is the newest when it comes: that
                # one may never have been tried itself.
                attempted = min(had, self.attempted.get(name, had))
                recorded = self.recorded[name]
                yield Way(available=available, recorded=recorded, attempted=attempted, had=had)


def _note_first(moments: dict[str, datetime], name: str, moment: datetime) -> None:
    # The journal's order is not that of time where several processes write it.
    moments[name] = min(moments.get(name, moment), moment)


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
    return Story(
        ways=tuple(reader.ways()),
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
    return min((seconds(fault, way.had) for way in _later(told, fault)), default=None)


def _later(told: Story, fault: Struck) -> Sequence[Way]:
    """Return the ways of what was available only after a fault began."""
    return told.ways[bisect_left(told.ways, fault.begun, key=lambda way: way.available) :]


def seconds(fault: Struck, moment: datetime) -> float:
    """Return the seconds from the beginning of a fault to a moment."""
    return (moment - fault.begun).total_seconds()


def slowest(
    told: Story, faults: Sequence[Struck], kinds: Collection[FaultKind]
) -> list[dict[str, Any]]:
    """Tell of the slowest recoveries how far the bus came when, and which other faults there were.

    The seconds are those until something was recorded, tried and had that was not there before.
    """
    took = {one: recovery_s(told, one) for one in undisturbed(faults) if one.kind in kinds}
    slow = sorted((one for one in took if took[one]), key=lambda one: -(took[one] or 0.0))
    return [_line(told, one, faults) for one in slow[:_SLOWEST]]


def _line(told: Story, fault: Struck, others: Iterable[Struck]) -> dict[str, Any]:
    later = _later(told, fault)
    earlier = told.ways[: len(told.ways) - len(later)]
    first = {
        "recorded_s": min(way.recorded for way in later),
        "attempted_s": min(way.attempted for way in later),
        "recovery_s": min(way.had for way in later),
    }
    ended = first["recovery_s"]
    beside = [one for one in others if one.begun < ended and one.ended > fault.begun]
    return {
        "kind": str(fault.kind),
        "target": fault.target,
        "at": fault.begun.isoformat(),
        "lasted_s": round(seconds(fault, fault.ended), 1),
        # Those are read first: whoever has fallen behind before has more to do than to go on.
        "waiting": sum(1 for way in earlier if way.recorded > fault.begun),
        **{name: round(seconds(fault, moment), 1) for name, moment in first.items()},
        "beside": [
            f"{one.kind} {seconds(fault, one.begun):+.1f} to {seconds(fault, one.ended):+.1f} s"
            for one in beside
            if one is not fault
        ],
    }


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
