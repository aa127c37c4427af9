"""Holds the rooms' own logs against the journal: is anything lost, did anything happen twice?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import field, frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import everything
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.entry import Entry

_EFFECTS = frozenset({EntryKind.INCIDENT_RECORDED, EntryKind.INCIDENT_STUBBED})
_TRACES = _EFFECTS | {
    EntryKind.INCIDENT_UNCHANGED,
    EntryKind.INCIDENT_STALE,
    EntryKind.INCIDENT_RECOGNISED,
    EntryKind.ANSWER_RECEIVED,
    EntryKind.RECORD_QUARANTINED,
    EntryKind.RECORD_REPEATED,
}


@frozen(kw_only=True)
class Sent:
    """A record that a room has sent."""

    room: str
    record: str


@frozen(kw_only=True)
class Received:
    """A message that a room has received, and how often it took effect there."""

    room: str
    message: str
    applied: int


@frozen(kw_only=True)
class Account:
    """What does not add up, each as a short name of the thing."""

    lost: tuple[str, ...]
    duplicated: tuple[str, ...]
    refused: tuple[str, ...]


@frozen
class _Ledger:
    """What the journal says of each (room, record) and (room, message)."""

    traces: Counter[tuple[str, str]] = field(factory=Counter)
    effects: Counter[tuple[str, str]] = field(factory=Counter)
    quarantined: Counter[tuple[str, str]] = field(factory=Counter)
    attempted: set[tuple[str, str]] = field(factory=set)
    made: Counter[tuple[str, str]] = field(factory=Counter)
    refused: set[tuple[str, str]] = field(factory=set)

    def add(self, entry: Entry) -> None:
        facts = entry.facts
        if entry.kind in _TRACES:
            self.traces[facts["room"], facts["record"]] += 1
        if entry.kind in _EFFECTS:
            self.effects[facts["room"], facts["record"]] += 1
        elif entry.kind == EntryKind.RECORD_QUARANTINED:
            self.quarantined[facts["room"], facts["record"]] += 1
        elif entry.kind == EntryKind.DELIVERY_ATTEMPTED:
            self.attempted.add((facts["room"], facts["message"]))
        elif entry.kind == EntryKind.DELIVERY_MADE:
            self.made[facts["room"], facts["message"]] += 1
        elif entry.kind == EntryKind.DELIVERY_UNDELIVERABLE:
            self.refused.add((facts["room"], facts["message"]))


def settle(bus: Bus, sent: Iterable[Sent], received: Iterable[Received]) -> Account:
    """Compare what the rooms say with what the journal says.

    ``sent`` names a record as often as its room sent it. Lost is a record with fewer entries than
    that, and a delivered message that its room never got. Duplicated is a record that was filed
    or quarantined twice, a message that was delivered or took effect twice, and one that a room
    got although no attempt to give it to that room was journalled. Refused is a message that its
    room will never take. Ask when all is quiet: what is still under way counts as lost.
    """
    ledger = _read(bus)
    times = Counter((one.room, one.record) for one in sent)
    got = Counter[tuple[str, str]]()
    for one in received:
        got[one.room, one.message] += one.applied
    return Account(
        lost=(*_missing(ledger, times), *_never_got(ledger, got)),
        duplicated=(*_twice(ledger), *_unasked(ledger, got)),
        refused=tuple(f"message {m} to {room}" for room, m in ledger.refused - ledger.made.keys()),
    )


def _missing(ledger: _Ledger, times: Counter[tuple[str, str]]) -> Iterator[str]:
    for key, count in times.items():
        if ledger.traces[key] < count:
            yield "record {}:{}".format(*key)


def _never_got(ledger: _Ledger, got: Counter[tuple[str, str]]) -> Iterator[str]:
    for room, message in ledger.made:
        if (room, message) not in got:
            yield f"message {message} to {room}"


def _twice(ledger: _Ledger) -> Iterator[str]:
    for key, count in ledger.effects.items():
        if count > 1:
            yield "record {}:{} filed".format(*key)
    for key, count in ledger.quarantined.items():
        if count > 1:
            yield "record {}:{} quarantined".format(*key)
    for (room, message), count in ledger.made.items():
        if count > 1:
            yield f"message {message} to {room} settled"


def _unasked(ledger: _Ledger, got: Counter[tuple[str, str]]) -> Iterator[str]:
    for (room, message), applied in got.items():
        if applied > 1:
            yield f"message {message} to {room} applied"
        if (room, message) not in ledger.attempted:
            yield f"message {message} to {room} unannounced"


def _read(bus: Bus) -> _Ledger:
    ledger = _Ledger()
    for one in everything(bus):
        ledger.add(one.entry)
    return ledger
