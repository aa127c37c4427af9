"""How long things took, by the times that the journal itself keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from statistics import quantiles

from attrs import define, field, frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Act
from dispatch_bus.journal.entry import Entry, decode

_TOLD = frozenset({Act.MIRROR.value, Act.OFFER.value})
_AT_ONCE = 2_000
_SECOND_MS = 1_000.0
# The parts of the way, and the two sums that are wanted.
SPANS = (
    ("available", "recorded"),
    ("recorded", "attempted"),
    ("attempted", "delivered"),
    ("recorded", "delivered"),
    ("available", "delivered"),
)


@frozen
class Percentiles:
    """The median and the slowest of many times, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Percentiles:
        """Sum up at least two values."""
        listed = list(values)
        cuts = quantiles(listed, n=100, method="inclusive")
        return cls(len(listed), *(round(cuts[n - 1], 2) for n in (50, 95, 99)))


@define
class _Times:
    """When each record and message passed each point, by name and the point's own clock.

    *Recorded* is when the bus began to store the page: waiting for the commit is part of the way.
    """

    of_record: dict[str, dict[str, datetime]] = field(factory=dict)
    attempted: dict[str, datetime] = field(factory=dict)
    delivered: dict[str, tuple[str, datetime]] = field(factory=dict)

    def add(self, entry: Entry) -> None:
        facts = entry.facts
        if entry.kind == EntryKind.INCIDENT_RECORDED:
            available = _moment(facts["available_at"])
            times = {"available": available, "recorded": entry.at}
            self.of_record[entry.correlation] = times
        elif entry.kind == EntryKind.DELIVERY_ATTEMPTED:
            self.attempted[facts["message"]] = entry.at
        elif entry.kind == EntryKind.DELIVERY_MADE and facts["act"] in _TOLD:
            self.delivered[facts["message"]] = entry.correlation, _moment(facts["received_at"])

    def ways(self) -> Iterator[dict[str, datetime]]:
        for message, (record, received) in self.delivered.items():
            if record in self.of_record:
                points = {"attempted": self.attempted[message], "delivered": received}
                yield self.of_record[record] | points


def spans(bus: Bus, after: int) -> dict[str, Percentiles]:
    """Return the percentiles of every span over what was sealed after a number.

    One value for each notice that a room was told of, named as ``available to delivered``.
    """
    times = _Times()
    for entry in _entries(bus, after):
        times.add(entry)
    ways = list(times.ways())
    return {
        f"{start} to {end}": Percentiles.of(
            (way[end] - way[start]).total_seconds() * _SECOND_MS for way in ways
        )
        for start, end in SPANS
    }


def size(bus: Bus) -> int:
    """Return the number of the entry that was sealed last."""
    with bus.store.begin() as uow:
        return uow.journal.size()


def _entries(bus: Bus, after: int) -> Iterator[Entry]:
    while True:
        with bus.store.begin() as uow:
            page = uow.journal.read(after, _AT_ONCE)
        if not page:
            return
        for one in page:
            yield decode(one.entry, one.schema_version)
        after = page[-1].number


def _moment(told: str) -> datetime:
    return datetime.fromisoformat(told)
