"""How each kind of fault is done, and undone again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress

import attrs
from buses.cases import case
from chaos.driving import broker_user, harm, malformed_messages
from chaos.driving.arena import INBOX_MESSAGES, Arena, Node, Victim
from chaos.driving.logbook import Logbook
from chaos.driving.malformed_messages import Malformed
from chaos.driving.plan import Fault, FaultKind
from servers.proxy import Weather
from servers.waiting import wait_for

from dispatch_bus.application.rooms import rooms
from dispatch_bus.domain.errors import Retry

_HOUR_S = 3_600.0
_AGAIN = 10
# It speaks with the room that has a mailbox across their border.
_ACROSS = "DE"
_PATIENCE_S = 120.0
_LISTEN_S = 2.0
# Long enough for a delay that is felt, short enough for what is tried again.
_LATE_S = 0.3
_SLICE = 7

Done = AbstractContextManager[str]
"""A fault that lasts as long as the context; its value names what it hits."""


@attrs.frozen
class Doer:
    """Does faults to an arena, and tells the logbook what it sends.

    ``burst`` is how many malformed messages come at once.
    """

    arena: Arena
    logbook: Logbook
    burst: int

    def do(self, fault: Fault) -> Done:
        """Return a context in which the fault is there."""
        return ACTS[fault.kind](self, fault, random.Random(fault.seed))

    # --- processes ----------------------------------------------------------------------------

    def service(self, name: str, chance: random.Random) -> list[Victim]:
        """Draw one process of a service."""
        return [chance.choice(self.arena.services[name])]

    def leader(self) -> list[Victim]:
        """Return the node that leads the queue of deliveries."""
        return [self.arena.leader(broker_user.QUEUES["deliver"])]

    # --- messages -----------------------------------------------------------------------------

    def publish_every_kind(self, count: int) -> None:
        """Publish malformed messages of every kind among the wake-ups, ``count`` and some more."""
        messages = [*malformed_messages.once(), *malformed_messages.many(count)]
        self._publish(self.arena.nodes[0], messages, "decide")

    def publish_malformed(self, fault: Fault) -> None:
        """Publish a burst of malformed messages among the wake-ups."""
        node = random.Random(fault.seed).choice(self.arena.nodes)
        for kind in broker_user.QUEUES:
            burst = malformed_messages.many(self.burst, fault.number * 100_000)
            self._publish(node, list(burst), kind)

    def _publish(self, node: Node, messages: Sequence[Malformed], kind: str) -> None:
        # Where the connection breaks nobody knows what the broker has taken.
        self.logbook.note_offered(one.record(kind) for one in messages)
        with broker_user.connected(node.server, self.arena.vhost) as line:
            for one in broker_user.publish(line, messages, kind):
                self.logbook.note_malformed(one.record(kind))

    def replay_wakeups(self) -> None:
        """Listen to wake-ups for a while, and publish them ten times, last first."""
        node = self.arena.nodes[0].server
        with broker_user.connected(node, self.arena.vhost) as line:
            heard = broker_user.overheard(line.channel, _LISTEN_S)
            broker_user.replay(line, heard, _AGAIN)

    def send_ten_times(self, fault: Fault, room: str) -> None:
        """Have a room make one record available ten times."""
        body = case(self.arena.settings, room, f"again-{fault.number}")
        for _ in range(_AGAIN):
            self.arena.rooms[room].send(f"again-{fault.number}", body)

    def send_backwards(self, fault: Fault, room: str) -> None:
        """Have a room make the revisions of a case available, the last one first."""
        for revision in range(_AGAIN, 0, -1):
            number = f"backwards-{fault.number}"
            body = case(self.arena.settings, room, number, revision=revision)
            self.arena.rooms[room].send(f"{number}-{revision}", body)

    @contextmanager
    def inbox_full(self, fault: Fault) -> Iterator[str]:
        """Tell a room more than its inbox takes while it does not read, until the bus says so."""
        with harm.inbox_left(self.arena) as room:
            name = f"inbox-{fault.number}"
            for number in range(2 * INBOX_MESSAGES):
                told = f"{name}-{number}"
                body = case(self.arena.settings, _ACROSS, told)
                self.arena.rooms[_ACROSS].send(told, body)
            if not self._is_said_to_be_full(room):
                self.logbook.note_unexpected(f"nobody said that the inbox of {room} is full")
            yield room

    def _is_said_to_be_full(self, room: str) -> bool:
        def is_full() -> bool:
            with suppress(Retry):
                seen = rooms(self.arena.bus).items
                return any(one.inbox_full_since for one in seen if one.id == room)
            return False

        with suppress(AssertionError):
            return wait_for(is_full, "the inbox is said to be full", _PATIENCE_S)
        return False


Act = Callable[[Doer, Fault, random.Random], Done]


def _kill(service: str) -> Act:
    return lambda doer, _, chance: harm.killed(doer.service(service, chance))


def _freeze(service: str) -> Act:
    return lambda doer, fault, chance: harm.frozen(doer.service(service, chance), fault.lasts_s)


def _broker(weather: Weather) -> Act:
    return lambda doer, *_: harm.under(weather, doer.arena.broker_lines)


def _database(weather: Weather) -> Act:
    return lambda doer, *_: harm.under(weather, doer.arena.database_lines)


def _clock(offset_s: float) -> Act:
    return lambda doer, _, chance: harm.clock_off(doer.arena, chance, offset_s)


def _room(doer: Doer, chance: random.Random) -> str:
    return chance.choice(sorted(doer.arena.rooms))


_LATE = Weather(delay_s=_LATE_S)
_SLICES = Weather(slice_bytes=_SLICE)
_HOLE = Weather(black_hole=True)
ACTS: Mapping[FaultKind, Act] = {
    FaultKind.KILL_INTAKE: _kill("intake"),
    FaultKind.KILL_COORDINATOR: _kill("coordinator"),
    FaultKind.KILL_DELIVERY: _kill("delivery"),
    FaultKind.KILL_TIMEKEEPER: _kill("timekeeper"),
    FaultKind.KILL_SEALER: _kill("sealer"),
    FaultKind.KILL_RELAY: _kill("relay"),
    FaultKind.KILL_GATEWAY: _kill("gateway"),
    FaultKind.KILL_NODE: lambda doer, _, chance: harm.killed([chance.choice(doer.arena.nodes)]),
    FaultKind.KILL_LEADER: lambda doer, *_: harm.killed(doer.leader()),
    FaultKind.KILL_BROKER: lambda doer, *_: harm.killed(doer.arena.nodes),
    FaultKind.KILL_DATABASE: lambda doer, *_: harm.killed([doer.arena.database]),
    FaultKind.FREEZE_INTAKE: _freeze("intake"),
    FaultKind.FREEZE_COORDINATOR: _freeze("coordinator"),
    FaultKind.FREEZE_DELIVERY: _freeze("delivery"),
    FaultKind.FREEZE_TIMEKEEPER: _freeze("timekeeper"),
    FaultKind.FREEZE_SEALER: _freeze("sealer"),
    FaultKind.FREEZE_RELAY: _freeze("relay"),
    FaultKind.FREEZE_GATEWAY: _freeze("gateway"),
    FaultKind.FREEZE_LEADER: lambda doer, fault, _: harm.frozen(doer.leader(), fault.lasts_s),
    FaultKind.FREEZE_BROKER: lambda doer, fault, _: harm.frozen(doer.arena.nodes, fault.lasts_s),
    FaultKind.FREEZE_DATABASE: lambda doer, fault, _: harm.frozen(
        [doer.arena.database], fault.lasts_s
    ),
    FaultKind.BROKER_RESET: lambda doer, *_: harm.reset(doer.arena.broker_lines),
    FaultKind.BROKER_DELAY: _broker(_LATE),
    FaultKind.BROKER_SLICES: _broker(_SLICES),
    FaultKind.BROKER_HOLE: _broker(_HOLE),
    FaultKind.BROKER_CUT: lambda doer, *_: harm.cut(doer.arena.broker_lines),
    FaultKind.BROKER_FULL: lambda doer, *_: harm.broker_full(doer.arena),
    FaultKind.DATABASE_RESET: lambda doer, *_: harm.reset(doer.arena.database_lines),
    FaultKind.DATABASE_DELAY: _database(_LATE),
    FaultKind.DATABASE_SLICES: _database(_SLICES),
    FaultKind.DATABASE_HOLE: _database(_HOLE),
    FaultKind.DATABASE_CUT: lambda doer, *_: harm.cut(doer.arena.database_lines),
    FaultKind.DATABASE_FULL: lambda doer, *_: harm.database_full(doer.arena),
    FaultKind.CLOCK_AHEAD: _clock(_HOUR_S),
    FaultKind.CLOCK_BEHIND: _clock(-_HOUR_S),
    FaultKind.ROOM_DEAD: lambda doer, _, chance: harm.room_dead(doer.arena, chance),
    FaultKind.INBOX_FULL: lambda doer, fault, _: doer.inbox_full(fault),
    FaultKind.MALFORMED: lambda doer, fault, _: harm.sent(lambda: doer.publish_malformed(fault)),
    FaultKind.REPLAYED: lambda doer, *_: harm.sent(doer.replay_wakeups),
    FaultKind.TEN_TIMES: lambda doer, fault, chance: harm.sent(
        lambda: doer.send_ten_times(fault, _room(doer, chance))
    ),
    FaultKind.BACKWARDS: lambda doer, fault, chance: harm.sent(
        lambda: doer.send_backwards(fault, _room(doer, chance))
    ),
    FaultKind.AGAIN: lambda doer, *_: harm.undecided(doer.arena),
}
