"""Figures over everything that the bus has done: counts, and times from end to end."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from attrs import field, frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import everything
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Act
from dispatch_bus.domain.notice import NoticeKind
from dispatch_bus.journal.entry import Entry
from dispatch_bus.store.notices import NoticeFilter

_TOLD = frozenset({Act.MIRROR.value, Act.OFFER.value})


@frozen(kw_only=True)
class Measured:
    """Counts by centre and state, and milliseconds from *available* to *delivered*.

    Exercise and test are kept out of every figure but ``quarantined``, whose mode nobody knows.
    """

    pulled: dict[str, int]
    mirrors: dict[str, int]
    handoffs: dict[str, int]
    quarantined: int
    latencies_ms: list[float]


@frozen
class _Tally:
    kinds: Counter[str] = field(factory=Counter)
    pulled: Counter[str] = field(factory=Counter)
    available: dict[str, datetime] = field(factory=dict)
    latencies_ms: dict[str, float] = field(factory=dict)

    def add(self, entry: Entry) -> None:
        self.kinds[entry.kind] += 1
        if entry.mode is not Mode.ACTUAL:
            return
        if entry.kind in {EntryKind.INCIDENT_RECORDED, EntryKind.INCIDENT_STUBBED}:
            self._filed(entry)
        elif entry.kind == EntryKind.DELIVERY_MADE and entry.facts["act"] in _TOLD:
            self._delivered(entry)

    def _filed(self, entry: Entry) -> None:
        self.available[entry.correlation] = datetime.fromisoformat(entry.facts["available_at"])
        for centre in sorted(set(entry.facts["centres"])):
            self.pulled[centre] += 1

    def _delivered(self, entry: Entry) -> None:
        available = self.available.get(entry.correlation)
        if available is not None:
            taken = datetime.fromisoformat(entry.facts["received_at"]) - available
            self.latencies_ms[entry.facts["message"]] = taken.total_seconds() * 1_000


def measure(bus: Bus) -> Measured:
    """Read the whole journal and count."""
    tally = _read(bus)
    with bus.store.begin() as uow:
        notices = uow.notices.counts(NoticeFilter(mode=Mode.ACTUAL))
    return Measured(
        pulled=dict(sorted(tally.pulled.items())),
        mirrors=_of(notices, NoticeKind.MIRROR),
        handoffs=_of(notices, NoticeKind.HANDOFF),
        quarantined=tally.kinds[EntryKind.RECORD_QUARANTINED],
        latencies_ms=list(tally.latencies_ms.values()),
    )


def _of(notices: dict[tuple[str, str], int], kind: NoticeKind) -> dict[str, int]:
    return {state: count for (name, state), count in sorted(notices.items()) if name == kind}


def _read(bus: Bus) -> _Tally:
    tally = _Tally()
    for one in everything(bus):
        tally.add(one.entry)
    return tally
