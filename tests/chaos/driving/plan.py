"""What goes wrong and when: drawn from a seed, every kind of fault in each round."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from enum import StrEnum

import attrs

from dispatch_bus.cli.serve import Service

SERVICES = frozenset(map(str, Service))


class FaultKind(StrEnum):
    """A way in which things go wrong."""

    KILL_INTAKE = "kill intake"
    KILL_COORDINATOR = "kill coordinator"
    KILL_DELIVERY = "kill delivery"
    KILL_TIMEKEEPER = "kill timekeeper"
    KILL_SEALER = "kill sealer"
    KILL_RELAY = "kill relay"
    KILL_GATEWAY = "kill gateway"
    KILL_NODE = "kill broker node"
    KILL_LEADER = "kill broker leader"
    KILL_BROKER = "kill broker"
    KILL_DATABASE = "kill database"
    FREEZE_INTAKE = "freeze intake"
    FREEZE_COORDINATOR = "freeze coordinator"
    FREEZE_DELIVERY = "freeze delivery"
    FREEZE_TIMEKEEPER = "freeze timekeeper"
    FREEZE_SEALER = "freeze sealer"
    FREEZE_RELAY = "freeze relay"
    FREEZE_GATEWAY = "freeze gateway"
    FREEZE_LEADER = "freeze broker leader"
    FREEZE_BROKER = "freeze broker"
    FREEZE_DATABASE = "freeze database"
    BROKER_RESET = "broker connections reset"
    BROKER_DELAY = "broker late"
    BROKER_SLICES = "broker in slices"
    BROKER_HOLE = "broker in a black hole"
    BROKER_CUT = "broker cut off"
    DATABASE_RESET = "database connections reset"
    DATABASE_DELAY = "database late"
    DATABASE_SLICES = "database in slices"
    DATABASE_HOLE = "database in a black hole"
    DATABASE_CUT = "database cut off"
    DATABASE_FULL = "database connections exhausted"
    BROKER_FULL = "broker connections exhausted"
    CLOCK_AHEAD = "clock an hour ahead"
    CLOCK_BEHIND = "clock an hour behind"
    ROOM_DEAD = "room dead"
    INBOX_FULL = "inbox full"
    MALFORMED = "malformed messages"
    REPLAYED = "wake-ups ten times, last first"
    TEN_TIMES = "a record ten times"
    BACKWARDS = "revisions last first"
    AGAIN = "everything decided again"


class Lane(StrEnum):
    """A part of the arena: faults of one wait for each other, those of several take place at once.

    What concerns a server, its lines or its queues; a process through which incidents pass, or one
    beside their way; a room.
    """

    SERVERS = "servers"
    ON_THE_WAY = "on the way"
    BESIDE_IT = "beside it"
    ROOMS = "rooms"


DATABASE_AWAY = frozenset(
    {
        FaultKind.KILL_DATABASE,
        FaultKind.FREEZE_DATABASE,
        FaultKind.DATABASE_HOLE,
        FaultKind.DATABASE_CUT,
        FaultKind.DATABASE_FULL,
    }
)
"""While these last nothing can go on."""

_ROOMS = frozenset(
    {FaultKind.ROOM_DEAD, FaultKind.INBOX_FULL, FaultKind.TEN_TIMES, FaultKind.BACKWARDS}
)
_ON_THE_WAY = frozenset({"intake", "coordinator", "delivery"})
_CLOCKS = frozenset({FaultKind.CLOCK_AHEAD, FaultKind.CLOCK_BEHIND})
_FREEZES = frozenset(one for one in FaultKind if one.name.startswith("FREEZE_"))
# What a fault costs beside the time that it lasts: its own doing, and starting again.
_EXTRA_S = 3.0
_NOTHING_S = 60.0
_SHORT = {
    FaultKind.BROKER_RESET,
    FaultKind.DATABASE_RESET,
    FaultKind.MALFORMED,
    FaultKind.REPLAYED,
    FaultKind.TEN_TIMES,
    FaultKind.BACKWARDS,
    FaultKind.AGAIN,
}


@attrs.frozen(kw_only=True)
class Fault:
    """One fault: it begins ``after_s`` the one before it in its lane is over; lasts ``lasts_s``."""

    number: int
    kind: FaultKind
    after_s: float
    lasts_s: float
    seed: int

    @property
    def lane(self) -> Lane:
        """What it waits for."""
        if self.kind in _ROOMS:
            return Lane.ROOMS
        service = self.kind.value.split()[-1]
        if service in _ON_THE_WAY:
            return Lane.ON_THE_WAY
        is_beside = self.kind in _CLOCKS or service in SERVICES
        return Lane.BESIDE_IT if is_beside else Lane.SERVERS


@attrs.frozen(kw_only=True)
class Lengths:
    """How long faults last, in seconds: what stands still, a room that is dead, and the rest."""

    freeze_s: float
    room_s: float
    other_s: tuple[float, float]
    pause_s: tuple[float, float]


FULL = Lengths(freeze_s=30.0, room_s=120.0, other_s=(1.0, 10.0), pause_s=(1.0, 5.0))


def lasts_s(faults: Sequence[Fault]) -> float:
    """Return about how many seconds it takes to do faults."""
    return max(_lane_s(faults, lane) for lane in Lane) or _NOTHING_S


def stretched(faults: Sequence[Fault], seconds: float) -> list[Fault]:
    """Return the same faults farther apart, so that each lane has some for so many seconds."""
    more = {lane: _more_s(faults, lane, seconds) for lane in Lane}
    return [attrs.evolve(one, after_s=one.after_s + more[one.lane]) for one in faults]


def _more_s(faults: Sequence[Fault], lane: Lane, seconds: float) -> float:
    count = sum(1 for one in faults if one.lane is lane)
    return max(0.0, seconds - _lane_s(faults, lane)) / count if count else 0.0


def _lane_s(faults: Sequence[Fault], lane: Lane) -> float:
    return sum(one.after_s + one.lasts_s + _EXTRA_S for one in faults if one.lane is lane)


def plan(
    seed: int, count: int, lengths: Lengths, kinds: tuple[FaultKind, ...] = tuple(FaultKind)
) -> list[Fault]:
    """Return ``count`` faults; every kind comes once before any comes again."""
    chance = random.Random(seed)
    rounds = _rounds(chance, kinds)
    return [_fault(chance, number, next(rounds), lengths) for number in range(1, count + 1)]


def _rounds(chance: random.Random, kinds: tuple[FaultKind, ...]) -> Iterator[FaultKind]:
    while True:
        yield from chance.sample(kinds, len(kinds))


def _fault(chance: random.Random, number: int, kind: FaultKind, lengths: Lengths) -> Fault:
    return Fault(
        number=number,
        kind=kind,
        after_s=chance.uniform(*lengths.pause_s),
        lasts_s=_length_s(chance, kind, lengths),
        seed=chance.getrandbits(32),
    )


def _length_s(chance: random.Random, kind: FaultKind, lengths: Lengths) -> float:
    if kind in _FREEZES:
        return lengths.freeze_s
    if kind is FaultKind.ROOM_DEAD:
        return lengths.room_s
    return 0.0 if kind in _SHORT else chance.uniform(*lengths.other_s)
