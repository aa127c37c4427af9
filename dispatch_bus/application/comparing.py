"""Compares how stored incidents would be decided by two editions of the zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

import attrs
from attrs import field, frozen

from dispatch_bus.domain.book import Book
from dispatch_bus.domain.codes import CaseStatus
from dispatch_bus.domain.geography import Geography, Locality
from dispatch_bus.domain.routing import Verdict, judge
from dispatch_bus.store.filed import Filed

_BATCH = 500
NOBODY = "nobody"

# By agreement: what would be done before and after, as "rule: receiver".
Difference = tuple[str, str, str]


@frozen(kw_only=True)
class Compared:
    """How many incidents were compared, and which would be decided otherwise.

    ``differences`` counts (agreement, before, after); ``positions`` are the longitudes and
    latitudes (degrees) of the incidents that differ in any of them.
    """

    incidents: int = 0
    differences: Counter[Difference] = field(factory=Counter)
    positions: tuple[tuple[float, float], ...] = ()

    @property
    def otherwise(self) -> int:
        """How many incidents would be decided otherwise."""
        return len(self.positions)


def compare(filed: Iterable[Filed], book: Book, old: Geography, new: Geography) -> Compared:
    """Decide each incident's last report by both editions, as if it were open.

    Stubs are passed over: nothing is known of them but where they roughly were. So are incidents
    without a position, which no zones can tell apart.
    """
    total, differences = 0, Counter[Difference]()
    positions: list[tuple[float, float]] = []
    known = (one for one in filed if one.report is not None)
    while batch := list(islice(known, _BATCH)):
        total += len(batch)
        places = [one.incident.report.place.position for one in batch]
        both = zip(batch, places, old.locate(places), new.locate(places), strict=True)
        for one, place, before, after in both:
            found = list(_differences(one, book, before, after))
            differences.update(found)
            if found and place:
                positions.append((place.lon, place.lat))
    return Compared(incidents=total, differences=differences, positions=tuple(positions))


def _differences(one: Filed, book: Book, before: Locality, after: Locality) -> Iterator[Difference]:
    if attrs.evolve(before, version=after.version) == after:
        return
    report = attrs.evolve(one.incident.report, status=CaseStatus.OPEN)
    opened = attrs.evolve(one.incident, report=report)
    old, new = (_told(judge(opened, at, book, one.recorded_at)) for at in (before, after))
    for agreement in sorted({*old, *new}):
        was, becomes = old.get(agreement, NOBODY), new.get(agreement, NOBODY)
        if was != becomes:
            yield agreement, was, becomes


def _told(verdict: Verdict) -> dict[str, str]:
    """Return, by agreement, who would be told and how."""
    told: dict[str, list[str]] = {}
    for one in verdict.wanted:
        told.setdefault(one.agreement.id, []).append(
            f"{one.kind.value} to {one.receiver} ({one.rule.value})"
        )
    return {agreement: ", ".join(sorted(words)) for agreement, words in told.items()}
