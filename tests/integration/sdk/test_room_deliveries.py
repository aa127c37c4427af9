"""Several messages are in flight to one adapter process, and each has an outcome of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rooms.installed import install
from rooms.samples import message
from servers.waiting import wait_for

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.calls import Calls, Outcome
from dispatch_bus.sdk.process import RoomProcess

Rooms = Callable[..., RoomProcess]
AT_ONCE = 4
MOST = 100
SHORT_S = 2.0
LONG_S = 30.0


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rooms]:
    """Make rooms that take four messages at once."""
    install(tmp_path, monkeypatch)
    made: list[RoomProcess] = []

    def make(adapter: str = "crowded", in_flight: int = AT_ONCE, **options: object) -> RoomProcess:
        settings = RoomSettings(id="NL", country="NL", in_flight=in_flight, options=options)
        made.append(RoomProcess(settings, adapter, role="test"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def told(name: str, deed: str = "") -> Message:
    """A message at which the adapter does a deed."""
    return message(name, case=deed)


def collected(calls: Calls, wanted: int) -> dict[str, Outcome]:
    """Wait for so many outcomes."""
    found: dict[str, Outcome] = {}
    while len(found) < wanted:
        back = dict(calls.collect(LONG_S))
        assert back, "nothing came back in time"
        found |= back
    return found


def trusted(calls: Calls, most: int = AT_ONCE) -> None:
    """Let the room answer until it is trusted with as many messages as it takes."""
    for number in range(most):
        calls.send([told(f"first-{number}")])
        collected(calls, 1)


def test_a_room_is_trusted_with_more_as_it_answers(room: Rooms) -> None:
    """One message at first, one more with each answer, and never more than the limit."""
    free = []
    with room().deliveries(deadline_s=LONG_S) as calls:
        for number in range(AT_ONCE + 2):
            free.append(calls.free)
            calls.send([told(str(number))])
            collected(calls, 1)
    assert free == [1, 2, 3, 4, 4, 4]


def test_messages_are_handed_over_at_the_same_time(room: Rooms) -> None:
    """Four that wait for each other inside the adapter all arrive."""
    with room(crowd=AT_ONCE).deliveries(deadline_s=LONG_S) as calls:
        trusted(calls)
        calls.send([told(str(number), "together") for number in range(AT_ONCE)])
        assert calls.free == 0
        outcomes = collected(calls, AT_ONCE)
    assert all(isinstance(outcome, Receipt) for outcome in outcomes.values())


def test_as_many_as_an_operator_may_allow_fit_into_the_process(room: Rooms) -> None:
    """A hundred at once stay within the address space that an adapter has."""
    process = room(crowd=MOST, in_flight=MOST)
    with process.deliveries(deadline_s=LONG_S) as calls:
        trusted(calls, MOST)
        calls.send([told(str(number), "together") for number in range(MOST)])
        outcomes = collected(calls, MOST)
    assert all(isinstance(outcome, Receipt) for outcome in outcomes.values())


def test_each_message_has_its_own_outcome(room: Rooms) -> None:
    """A refusal and a failure beside receipts reach the message that they are about."""
    with room().deliveries(deadline_s=LONG_S) as calls:
        trusted(calls)
        calls.send([told("a"), told("b", "refuse"), told("c", "retry"), told("d", "fail")])
        outcomes = collected(calls, 4)
    kinds = {name: type(outcome) for name, outcome in outcomes.items()}
    assert kinds == {"a": Receipt, "b": Refused, "c": Retry, "d": Retry}


def test_one_that_hangs_holds_up_no_other(room: Rooms) -> None:
    """While it hangs others go out and come back; at its deadline it alone has failed."""
    with room().deliveries(deadline_s=SHORT_S) as calls:
        trusted(calls)
        calls.send([told("stuck", "hang"), told("before")])
        assert list(collected(calls, 1)) == ["before"]
        calls.send([told("beside")])
        assert list(collected(calls, 1)) == ["beside"]
        assert calls.in_flight == 1
        (outcome,) = collected(calls, 1).values()
    assert str(outcome).startswith("NL: deliver took longer than 2 s and was stopped")


def test_nothing_that_comes_back_is_no_failure(room: Rooms) -> None:
    """Whoever looks after other work meanwhile is given an empty list."""
    with room().deliveries(deadline_s=LONG_S) as calls:
        calls.send([told("stuck", "hang")])
        assert calls.collect(0.05) == []
        assert calls.in_flight == 1


def test_a_killed_adapter_fails_all_that_was_in_flight(room: Rooms) -> None:
    """Of none is it known whether the room has it; the next delivery has another process."""
    process = room()
    with process.deliveries(deadline_s=LONG_S) as calls:
        trusted(calls)
        calls.send([told(str(number), "hang") for number in range(AT_ONCE)])
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        outcomes = collected(calls, AT_ONCE)
        assert calls.free == 0
    assert {str(each).partition(";")[0] for each in outcomes.values()} == {
        "NL: the adapter's process ended during deliver"
    }
    with process.deliveries(deadline_s=LONG_S) as calls:
        assert calls.free == 1
        calls.send([told("again")])
        assert isinstance(collected(calls, 1)["again"], Receipt)


@pytest.mark.parametrize("deed", ["die", "leave", "garble"])
def test_a_message_that_ends_the_adapter_fails_the_others_with_it(room: Rooms, deed: str) -> None:
    """They fail for now, whatever it was: one by one they will pass."""
    with room().deliveries(deadline_s=LONG_S) as calls:
        trusted(calls)
        calls.send([told("stuck", "hang"), told("fatal", deed)])
        outcomes = collected(calls, 2)
    assert all(isinstance(outcome, Retry) for outcome in outcomes.values())


def test_a_failure_leaves_one_message_to_try_with(room: Rooms) -> None:
    """A room that fails is not asked by all that wait."""
    with room().deliveries(deadline_s=LONG_S) as calls:
        trusted(calls)
        calls.send([told("no", "retry")])
        collected(calls, 1)
        assert calls.free == 1


def test_a_check_is_answered_beside_messages(room: Rooms) -> None:
    """A message that hangs does not make a room look dead."""
    process = room()
    with process.deliveries(deadline_s=LONG_S) as calls:
        calls.send([told("stuck", "hang")])
        assert process.check(deadline_s=LONG_S).name == f"NL in process {process.pid}"


def test_a_check_that_hangs_holds_up_no_message(room: Rooms) -> None:
    """Messages begin and come back meanwhile; late, it has failed alone."""
    process = room(check="hang")
    process.start()
    first = process.pid
    with ThreadPoolExecutor(1) as beside:
        hanging = beside.submit(process.check, deadline_s=SHORT_S)
        with process.deliveries(deadline_s=LONG_S) as calls:
            calls.send([told("during")])
            assert isinstance(collected(calls, 1)["during"], Receipt)
            calls.send([told("stuck", "hang")])
            with pytest.raises(Retry, match="NL: check took longer than 2 s;"):
                hanging.result()
            assert calls.in_flight == 1
            assert calls.free == 1
            calls.send([told("after")])
            assert isinstance(collected(calls, 1)["after"], Receipt)
            assert process.pid == first


def test_the_answer_to_a_check_that_was_late_is_dropped(room: Rooms) -> None:
    """Nobody takes it for nonsense, or for the answer to anything else."""
    process = room(check="dawdle")
    process.start()
    first = process.pid
    with pytest.raises(Retry, match=r"NL: check took longer than 0\.1 s;"):
        process.check(deadline_s=0.1)
    child = process._child
    assert child is not None
    wait_for(lambda: not child.line.has_forgotten, "the late answer")
    assert process.check(deadline_s=LONG_S).name == f"NL in process {first}"


def test_a_check_that_still_hangs_at_the_next_ends_the_process(room: Rooms) -> None:
    """It would not end by itself, and nobody would know how the room is."""
    process = room(check="hang")
    process.start()
    first = process.pid
    for _ in range(2):
        with pytest.raises(Retry, match="check took longer"):
            process.check(deadline_s=0.1)
    assert process.pid not in (None, first)


def test_an_adapter_that_is_being_asked_how_the_room_is_does_not_rest(room: Rooms) -> None:
    """Whoever asks would be told that the room is away."""
    process = room(check="hang")
    process.start()
    with ThreadPoolExecutor(1) as beside:
        hanging = beside.submit(process.check, deadline_s=SHORT_S)
        wait_for(process._checking.locked, "the check")
        wait_for(lambda: not process._turn.locked(), "that others can call meanwhile")
        assert not process.rest()
        with pytest.raises(Retry, match="check took longer"):
            hanging.result()
    assert process.rest()


def test_an_adapter_that_does_not_say_it_can_gets_one_message_at_a_time(room: Rooms) -> None:
    """Only its author knows whether its driver bears more."""
    with room("hostile").deliveries(deadline_s=LONG_S) as calls:
        trusted(calls)
        assert calls.free == 1


def test_messages_that_are_lost_sight_of_end_the_process(room: Rooms) -> None:
    """Whoever breaks off leaves no call behind that would hang in the adapter for ever."""
    process = room()
    with process.deliveries(deadline_s=LONG_S) as calls:
        calls.send([told("stuck", "hang")])
    assert process.pid is None
