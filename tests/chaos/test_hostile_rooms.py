"""Rooms that misbehave: the others go on, nothing is lost or doubled, and the state says so."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from buses import burning
from buses.cases import case
from buses.private import PrivateBus, private_bus
from servers.waiting import wait_for

from dispatch_bus.application.rooms import Reading
from dispatch_bus.sdk.simulator.malformed import Flaw, flawed
from dispatch_bus.sdk.simulator.spec import Fault

pytestmark = pytest.mark.chaos
UNREADABLE = [
    Fault.HANG_ON_PULL,
    Fault.SERVER_ERROR,
    Fault.DOWN,
    Fault.HALF_PAGE,
    Fault.NO_CURSOR,
    Fault.WRONG_TYPE,
    Fault.REPEAT_PAGE,
    Fault.GO_BACKWARDS,
]
ROOM = "DE"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def flag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """While this file is there, the adapter of one room burns the processor."""
    return tmp_path_factory.mktemp("burning") / "burn"


@pytest.fixture(scope="module")
def running(flag: Path) -> Iterator[PrivateBus]:
    """A bus with all its rooms, which send what the tests say."""
    with burning.installed(flag), private_bus(rooms_text=burning.in_room(ROOM)) as made:
        for room in made.rooms.values():
            room.start()
        made.start()
        made.wait_until_whole()
        yield made


@pytest.fixture
def bus(running: PrivateBus) -> Iterator[PrivateBus]:
    """The bus, whose books have to balance after each test."""
    tell(running, *running.rooms)
    yield running
    running.assert_balanced()


def tell(bus: PrivateBus, *rooms: str) -> None:
    """Have each room send one more case, and a broken record."""
    for room in rooms:
        number = f"{next(numbers)}"
        body = case(bus.settings, room, number)
        bus.rooms[room].send(f"case-{number}", body)
        bus.rooms[room].send(f"broken-{number}", flawed(body, Flaw.NO_NUMBER))


def wait_for_reading(bus: PrivateBus, expected: Reading) -> None:
    """Wait until the state of the room says what is the matter with it."""
    wait_for(
        lambda: (view := bus.room_view(ROOM)) is not None and view.reading is expected,
        f"the room is {expected}",
    )


def see_others_go_on(bus: PrivateBus) -> None:
    """Have every other room send something, and see it stored."""
    others = [room for room in bus.rooms if room != ROOM]
    tell(bus, *others)
    wait_for(
        lambda: all(one.confirmed for room in others for one in bus.rooms[room].log.sent()),
        "the other rooms go on",
    )


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_room_that_cannot_be_read_harms_no_other(bus: PrivateBus, fault: Fault) -> None:
    """The room is shown as unreachable while it misbehaves, the others go on, and it comes back."""
    bus.rooms[ROOM].spoil(fault)
    wait_for_reading(bus, Reading.UNREACHABLE)
    tell(bus, ROOM)
    see_others_go_on(bus)
    bus.rooms[ROOM].spoil()

    wait_for_reading(bus, Reading.REACHABLE)


def test_an_adapter_that_burns_the_processor_for_ever_is_stopped(
    bus: PrivateBus, flag: Path
) -> None:
    """An adapter that holds its interpreter is killed at its deadline, and the room comes back."""
    flag.touch()
    wait_for_reading(bus, Reading.UNREACHABLE)
    see_others_go_on(bus)
    flag.unlink()

    wait_for_reading(bus, Reading.REACHABLE)


def test_a_telling_whose_receipt_is_late_takes_effect_once(bus: PrivateBus) -> None:
    """A delivery that times out after the room took it is shown as waiting, and is not doubled."""
    bus.drain()
    bus.rooms["BE"].spoil(Fault.LATE_RECEIPT)
    known = {one.id for one in bus.rooms["BE"].log.received()}
    tell(bus, "NL")
    late = wait_for(
        lambda: [it for it in bus.rooms["BE"].log.received() if it.id not in known],
        "the room has the telling",
    )
    wait_for(lambda: (view := bus.room_view("BE")) and view.undelivered, "it is shown as waiting")
    bus.rooms["BE"].spoil()
    bus.drain()

    (told,) = (it for it in bus.rooms["BE"].log.received() if it.id == late[0].id)
    assert told.times_received >= 2
    assert told.times_applied == 1
