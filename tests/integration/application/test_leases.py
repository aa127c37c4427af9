"""Leases: one process reads a room and one seals, and the next one takes over by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from making.gates import ScriptedGate, page
from making.values import report
from making.wiring import Desk, MakeBus
from making.world import IN_ZONE

from dispatch_bus.application import intake, leasing, replaying, sealing
from dispatch_bus.application.bus import Bus

RAN_OUT = -1.0


@pytest.fixture
def other(another_bus: MakeBus) -> Bus:
    """Another process of the bus."""
    return another_bus("bus-2")


def offering() -> ScriptedGate:
    """A room that has one page to give."""
    gate = ScriptedGate()
    gate.pages.append(page("1", report(at=IN_ZONE)))
    return gate


def test_a_room_that_another_process_reads_is_left_alone(desk: Desk, other: Bus) -> None:
    """Its gate is not touched, so that no adapter is started for it."""
    desk.pull("NL")
    gate = offering()
    assert intake.pull(other, "NL", gate) is None
    assert replaying.replay(other, "NL", gate) is None
    assert gate.pages
    assert intake.pull(other, "BE", gate) == 1


def test_what_is_given_back_is_taken_over_at_once(desk: Desk, other: Bus) -> None:
    """Nobody waits for the end of a lease whose holder has ended well."""
    desk.pull("NL")
    sealing.seal(desk.bus)
    assert sealing.seal(other) is None
    leasing.release(desk.bus)
    assert sealing.seal(other) is not None
    assert intake.pull(other, "NL", offering()) == 1
    assert intake.pull(desk.bus, "NL", offering()) is None


def test_a_holder_that_works_is_renewed(another_bus: MakeBus, other: Bus) -> None:
    """Work that takes longer than a lease keeps it, as long as somebody renews it meanwhile."""
    brief, lasting = another_bus("bus-1", lease_s=0.5), another_bus("bus-1", lease_s=30.0)
    assert intake.pull(brief, "NL", ScriptedGate()) == 0
    leasing.renew(lasting)
    with other.store.begin() as uow:
        assert "pull/NL" in uow.signals.held(uow.now + timedelta(seconds=20))


def test_a_lease_that_ran_out_is_not_renewed(another_bus: MakeBus, other: Bus) -> None:
    """Whoever was frozen for too long does not take it from the next one."""
    frozen = another_bus("bus-1", lease_s=RAN_OUT)
    assert intake.pull(frozen, "NL", ScriptedGate()) == 0
    leasing.renew(another_bus("bus-1"))
    assert intake.pull(other, "NL", offering()) == 1


def held(bus: Bus, *rooms: str) -> list[str]:
    """Tell which rooms a process reads, by asking as its lanes do; nothing changes hands by it."""
    return [room for room in rooms if intake.pull(bus, room, ScriptedGate()) is not None]


ROOMS = ("BE", "DE", "NL")


def test_rooms_are_shared_out_among_those_who_read(another_bus: MakeBus) -> None:
    """Whoever comes later takes rooms until nobody has two more; then none moves."""
    first, second, third = (another_bus(f"bus-{number}") for number in (1, 2, 3))
    assert held(first, *ROOMS) == ["BE", "DE", "NL"]
    assert leasing.share(second, ROOMS) == 1
    assert leasing.share(second, ROOMS) == 0
    assert held(second, *ROOMS) == ["BE"]
    assert leasing.share(third, ROOMS) == 1
    assert sum(leasing.share(bus, ROOMS) for bus in (first, second, third)) == 0
    assert [held(bus, *ROOMS) for bus in (first, second, third)] == [["NL"], ["BE"], ["DE"]]


def test_whoever_has_none_takes_from_whoever_has_most(another_bus: MakeBus) -> None:
    """Not from somebody who has fewer already."""
    first, second, third = (another_bus(f"bus-{number}") for number in (1, 2, 3))
    held(second, "BE")
    held(first, "DE", "LU", "NL")
    rooms = [*ROOMS, "LU"]
    assert leasing.share(third, rooms) == 1
    assert held(third, *rooms) == ["DE"]
    assert held(second, *rooms) == ["BE"]


def test_a_room_is_taken_only_by_whoever_has_a_way_to_it(desk: Desk, other: Bus) -> None:
    """In a rolling change of the configuration an older process knows fewer rooms."""
    held(desk.bus, *ROOMS)
    assert leasing.share(other, ["FR", "LU"]) == 0
    assert leasing.share(other, ["NL"]) == 0
    assert leasing.share(other, ["DE", "NL"]) == 1
    assert held(desk.bus, *ROOMS) == ["BE", "NL"]


def test_what_ran_out_and_who_seals_count_for_nothing(another_bus: MakeBus, other: Bus) -> None:
    """A frozen process has no share that another would have to leave it."""
    held(another_bus("bus-1", lease_s=RAN_OUT), *ROOMS)
    assert leasing.share(other, ROOMS) == 0
    sealing.seal(other)
    assert held(other, *ROOMS) == ["BE", "DE", "NL"]
    assert leasing.share(another_bus("bus-1"), ROOMS) == 1


def test_two_that_take_at_once_take_two_rooms(another_bus: MakeBus) -> None:
    """Neither waits for the other, and no room goes from one to the other."""
    first, second, third = (another_bus(f"bus-{number}") for number in (1, 2, 3))
    held(first, *ROOMS)
    hold = timedelta(seconds=30)
    with second.store.begin() as one, third.store.begin() as two:
        names = [leasing.reading(room) for room in ROOMS]
        assert one.signals.share(names, "bus-2", one.now, hold) == "pull/BE"
        assert two.signals.share(names, "bus-3", two.now, hold) == "pull/DE"
    assert [held(bus, *ROOMS) for bus in (first, second, third)] == [["NL"], ["BE"], ["DE"]]


def test_a_reader_that_lost_its_room_ends_the_adapter(desk: Desk, other: Bus) -> None:
    """Two adapters at once might be one too many for a room."""
    held(desk.bus, *ROOMS)
    leasing.share(other, ROOMS)
    gate = ScriptedGate()
    assert intake.pull(desk.bus, "BE", gate) is None
    assert gate.closed == 1


def test_a_reader_that_lost_its_lease_stores_nothing(desk: Desk, other: Bus) -> None:
    """The cursor fences it: what the next one has stored is not stored again."""

    class Slow(ScriptedGate):
        def pull(self, cursor: str | None, **limits: float) -> object:
            leasing.release(desk.bus)
            assert intake.pull(other, "NL", offering()) == 1
            return super().pull(cursor, **limits)

    slow = Slow()
    slow.pages.append(page("1", report(at=IN_ZONE)))
    intake.pull(desk.bus, "NL", slow)
    with other.store.begin() as uow:
        assert uow.rooms.get("NL").records == 1
    assert slow.confirmed == []
