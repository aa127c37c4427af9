"""Harm that lasts as long as a context; each gives the name of what it hits, and undoes itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import amqp
import psycopg
from buses.undeciding import undecide
from chaos.driving.arena import Arena, Victim
from servers.freezing import Frozen
from servers.proxy import Proxy, Weather
from sqlalchemy.exc import OperationalError


@contextmanager
def killed(victims: Sequence[Victim]) -> Iterator[str]:
    """Kill victims, and start them again at the end."""
    for victim in victims:
        victim.kill()
    yield _names(victims)
    # Together: nodes of a cluster that all went down wait for one another.
    for victim in victims:
        victim.launch()
    for victim in victims:
        victim.wait()


@contextmanager
def frozen(victims: Sequence[Victim], lasts_s: float) -> Iterator[str]:
    """Have victims stand still; a watchdog wakes them should the driver die."""
    pids = [pid for victim in victims for pid in victim.pids()]
    standing = Frozen(pids, for_s=lasts_s + 10.0)
    try:
        yield _names(victims)
    finally:
        standing.thaw()


@contextmanager
def under(weather: Weather, lines: Sequence[Proxy]) -> Iterator[str]:
    """Give lines bad weather."""
    for line in lines:
        line.set(weather)
    try:
        yield "every line"
    finally:
        _heal(lines)


@contextmanager
def cut(lines: Sequence[Proxy]) -> Iterator[str]:
    """Cut lines."""
    for line in lines:
        line.cut()
    try:
        yield "every line"
    finally:
        _heal(lines)


@contextmanager
def reset(lines: Sequence[Proxy]) -> Iterator[str]:
    """Break what is connected; it may connect again at once."""
    _reset(lines)
    yield "every line"


@contextmanager
def database_full(arena: Arena) -> Iterator[str]:
    """Take every connection that the database has, those of the bus too."""
    held: list[psycopg.Connection] = []
    try:
        _take_all(arena.database_url, held)
        _reset(arena.database_lines)
        _take_all(arena.database_url, held)
        yield f"{len(held)} connections"
    finally:
        for one in held:
            one.close()


@contextmanager
def broker_full(arena: Arena) -> Iterator[str]:
    """Let the bus have no connection to the broker any more."""
    server = arena.nodes[0].server
    server.limit_connections(arena.vhost, 0)
    _reset(arena.broker_lines)
    try:
        yield "every connection"
    finally:
        server.limit_connections(arena.vhost, None)


@contextmanager
def clock_off(arena: Arena, chance: random.Random, offset_s: float) -> Iterator[str]:
    """Set the wall clock of one process wrong."""
    name = chance.choice(sorted(arena.clocks))
    arena.clocks[name].step(offset_s)
    try:
        yield name
    finally:
        arena.clocks[name].step(0.0)


@contextmanager
def room_dead(arena: Arena, chance: random.Random) -> Iterator[str]:
    """End a room's process, and start it again with all that it knows."""
    name = chance.choice(sorted(arena.rooms))
    arena.rooms[name].stop()
    yield name
    arena.rooms[name].start()


@contextmanager
def inbox_left(arena: Arena) -> Iterator[str]:
    """Have the room with a mailbox leave its inbox to itself."""
    arena.postman.stop()
    try:
        yield arena.mailbox_room
    finally:
        arena.postman.start()


@contextmanager
def undecided(arena: Arena) -> Iterator[str]:
    """Leave what was decided to the coordinators once more, where the database can be reached."""
    count = 0
    with suppress(OperationalError):
        count = undecide(arena.bus)
    yield f"{count} incidents"


@contextmanager
def sent(what: Callable[[], None]) -> Iterator[str]:
    """Send something; there is nothing to undo. A broker that is just away takes none of it."""
    with suppress(OSError, amqp.AMQPError):
        what()
    yield "the bus"


def _names(victims: Sequence[Victim]) -> str:
    return ", ".join(victim.name for victim in victims)


def _heal(lines: Sequence[Proxy]) -> None:
    for line in lines:
        line.heal()


def _reset(lines: Sequence[Proxy]) -> None:
    for line in lines:
        line.reset()


def _take_all(url: str, held: list[psycopg.Connection]) -> None:
    with suppress(psycopg.OperationalError):
        while True:
            held.append(psycopg.connect(url))
