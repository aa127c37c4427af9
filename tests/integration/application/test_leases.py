"""Leases: one process reads a room and one seals, and the next one takes over by itself."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from making.gates import ScriptedGate, page
from making.values import report
from making.wiring import Desk, MakeBus
from making.world import IN_ZONE

from dispatch_bus.application import announcing, intake, leasing, replaying, sealing
from dispatch_bus.application.announcing import Identity
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind

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


ROOMS = ("BE", "DE", "NL")


@pytest.fixture
def at_work(another_bus: MakeBus) -> MakeBus:
    """Make a process of the bus that says that it is at work."""

    def make(holder: str, **limits: float) -> Bus:
        bus = another_bus(holder, **limits)
        announcing.announce(bus, Identity(service="intake", host="host", pid=1, version="1"), None)
        return bus

    return make


def held(bus: Bus, *rooms: str) -> list[str]:
    """Tell which rooms a process reads, by asking as its lanes do."""
    return [room for room in rooms if intake.pull(bus, room, ScriptedGate()) is not None]


def share(bus: Bus, *rooms: str, gate: ScriptedGate | None = None) -> int:
    """Ask for a room of whoever reads more."""
    return leasing.share(bus, rooms or ROOMS, lambda _: gate or ScriptedGate())


def test_rooms_are_shared_out_among_those_who_read(at_work: MakeBus) -> None:
    """Whoever comes later is given rooms until nobody has two more; then none moves."""
    first, second, third = (at_work(f"bus-{number}") for number in (1, 2, 3))
    assert held(first, *ROOMS) == ["BE", "DE", "NL"]
    assert share(second) == 1
    assert held(first, *ROOMS) == ["DE", "NL"]
    assert held(second, *ROOMS) == ["BE"]
    assert share(second) == 0
    assert share(third) == 1
    assert [held(bus, *ROOMS) for bus in (first, second, third)] == [["NL"], ["BE"], ["DE"]]
    assert sum(share(bus) for bus in (first, second, third)) == 0


def test_whoever_has_none_asks_whoever_has_most(at_work: MakeBus) -> None:
    """Not somebody who has fewer already."""
    first, second, third = (at_work(f"bus-{number}") for number in (1, 2, 3))
    rooms = [*ROOMS, "LU"]
    held(second, "BE")
    held(first, "DE", "LU", "NL")
    assert share(third, *rooms) == 1
    assert [held(bus, *rooms) for bus in (first, third)] == [["NL", "LU"], ["DE"]]
    assert held(second, *rooms) == ["BE"]


def test_a_room_goes_only_to_whoever_has_a_way_to_it(at_work: MakeBus) -> None:
    """In a rolling change of the configuration an older process knows fewer rooms."""
    first, second = at_work("bus-1"), at_work("bus-2")
    held(first, *ROOMS)
    assert share(second, "FR", "LU") == 0
    assert share(second, "NL") == 0
    assert share(second, "DE", "NL") == 1
    assert held(first, *ROOMS) == ["BE", "NL"]


def test_a_room_that_does_not_answer_from_here_is_left_where_it_is(at_work: MakeBus) -> None:
    """A site that a room's firewall shuts out takes another room, or says that it can have none."""
    first, second = at_work("bus-1"), at_work("bus-2")
    held(first, *ROOMS)
    gate = ScriptedGate()
    gate.failures += [Retry("no way")] * 3
    with pytest.raises(Retry, match="no way") as told:
        share(second, gate=gate)
    assert told.value.after_s == 60
    assert held(first, *ROOMS) == ["BE", "DE", "NL"]
    gate.failures.append(Refused("token", "", "Give one."))
    assert share(second, gate=gate) == 1
    assert held(first, *ROOMS) == ["BE", "NL"]


def test_where_one_holders_rooms_do_not_answer_the_next_one_is_asked(at_work: MakeBus) -> None:
    """Who has as many is not hidden behind the first."""
    first, second, third = (at_work(f"bus-{number}") for number in (1, 2, 3))
    held(first, "BE", "DE")
    held(second, "LU", "NL")
    gate = ScriptedGate()
    gate.failures += [Retry("no way")] * 2
    assert share(third, *ROOMS, "LU", gate=gate) == 1
    assert held(second, "LU", "NL") == ["NL"]
    assert held(first, "BE", "DE") == ["BE", "DE"]


def test_a_process_that_has_just_started_asks_for_nothing(at_work: MakeBus) -> None:
    """One that dies soon after each start would leave rooms unread each time."""
    first, second = at_work("bus-1"), at_work("bus-2", share_after_s=20.0)
    held(first, *ROOMS)
    assert share(second) == 0
    assert held(first, *ROOMS) == ["BE", "DE", "NL"]


def test_what_ran_out_and_who_seals_count_for_nothing(at_work: MakeBus) -> None:
    """A frozen process has no share that another would have to leave it."""
    other = at_work("bus-2")
    held(at_work("bus-1", lease_s=RAN_OUT), *ROOMS)
    assert share(other) == 0
    sealing.seal(other)
    assert held(other, *ROOMS) == ["BE", "DE", "NL"]
    assert share(at_work("bus-1")) == 1


def test_two_that_ask_at_once_are_given_two_rooms(at_work: MakeBus) -> None:
    """No two ask for the same one."""
    first, second, third = (at_work(f"bus-{number}") for number in (1, 2, 3))
    held(first, *ROOMS)
    assert share(second) == share(third) == 1
    assert share(second) == share(third) == 0
    assert [held(bus, *ROOMS) for bus in (first, second, third)] == [["NL"], ["BE"], ["DE"]]


def test_a_room_is_handed_over_when_its_adapter_has_ended(at_work: MakeBus) -> None:
    """Two adapters at once might be one too many for a room."""
    first, second = at_work("bus-1"), at_work("bus-2")
    held(first, *ROOMS)
    share(second)
    gate = ScriptedGate()
    gate.at_work = True
    assert intake.pull(first, "BE", gate) == 0
    assert held(second, "BE") == []
    gate.at_work = False
    assert intake.pull(first, "BE", gate) is None
    assert gate.rests == 1
    assert held(second, "BE") == ["BE"]
    assert intake.pull(first, "BE", gate) is None
    assert gate.rests == 2


def test_who_asks_and_dies_is_given_a_room_for_no_longer_than_a_lease(at_work: MakeBus) -> None:
    """Whoever had it takes it again."""
    first, dying = at_work("bus-1"), at_work("bus-2")
    held(first, *ROOMS)
    share(dying)
    brief = at_work("bus-1", lease_s=RAN_OUT)
    assert intake.pull(brief, "BE", ScriptedGate()) is None
    assert held(first, *ROOMS) == ["BE", "DE", "NL"]


def test_what_is_asked_for_is_not_asked_for_for_ever(at_work: MakeBus) -> None:
    """Only who asks again goes on asking; what a process holds is renewed without."""
    first, second = at_work("bus-1"), at_work("bus-2", lease_s=0.5)
    held(first, *ROOMS)
    share(second)
    leasing.renew(at_work("bus-2"))
    time.sleep(0.6)
    assert held(first, *ROOMS) == ["BE", "DE", "NL"]


def test_who_lost_a_room_says_nothing_of_how_it_is(desk: Desk, other: Bus) -> None:
    """It was frozen, and its call ran out; the room answers the next one."""

    class Late(ScriptedGate):
        def pull(self, *_: object, **__: object) -> object:
            leasing.release(desk.bus)
            assert intake.pull(other, "NL", ScriptedGate()) == 0
            raise Retry("late")

    with pytest.raises(Retry, match="late"):
        intake.pull(desk.bus, "NL", Late())
    assert desk.entries(EntryKind.ROOM_UNREACHABLE) == []


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
