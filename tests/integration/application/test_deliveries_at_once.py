"""Several tellings are on their way to a room, and what comes back is recorded in batches."""

from __future__ import annotations

from contextlib import suppress
from unittest.mock import patch

import psycopg
import pytest
from making.gates import ScriptedGate
from making.values import answer, classification, report
from making.wiring import Desk
from making.world import ACROSS, IN_ZONE

from dispatch_bus.application import answering, delivering
from dispatch_bus.domain.codes import Priority
from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.domain.notice import AnswerKind, NoticeKind, NoticeState

_END_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
CASES = [f"C-{number}" for number in range(1, 8)]


def file_all(desk: Desk) -> None:
    """File seven cases that the Belgian room is to be told of."""
    for number in CASES:
        desk.file(report(number, at=IN_ZONE))


def arrived(desk: Desk) -> list[str]:
    """Return the notices that arrived, as the journal has them, in its order."""
    return [str(made.facts["message"]) for made in desk.entries(EntryKind.DELIVERY_MADE)]


def run(url: str, statement: str) -> None:
    """Change rows behind the bus's back."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(statement.encode())


def test_no_more_are_in_flight_than_the_room_takes(desk: Desk) -> None:
    """All arrive, and no attempt is journalled that had to wait for another."""
    file_all(desk)
    desk.gates["BE"].at_once = 3
    assert desk.deliver("BE") == len(CASES)
    assert desk.gates["BE"].most_at_once == 3
    kinds = (EntryKind.DELIVERY_ATTEMPTED, EntryKind.DELIVERY_MADE)
    waiting, most = 0, 0
    for entry in desk.entries(*kinds):
        waiting += 1 if entry.kind == EntryKind.DELIVERY_ATTEMPTED else -1
        most = max(most, waiting)
    assert (waiting, most) == (0, 3)


def test_each_has_one_effect_and_one_receipt(desk: Desk) -> None:
    """A batch delivers every notice once, as one by one would."""
    file_all(desk)
    desk.gates["BE"].at_once = 5
    desk.deliver("BE")
    ids = [message.id for message in desk.gates["BE"].attempts]
    assert sorted(arrived(desk)) == sorted(ids) == sorted(set(ids))
    assert len(desk.entries(EntryKind.NOTICE_DELIVERED)) == len(CASES)


class HangingGate(ScriptedGate):
    """A room that answers one message at a time, and none that is about certain cases."""

    def __init__(self, *hanging: str) -> None:
        super().__init__()
        self.hanging = set(hanging)

    def take(self, message: Message) -> Receipt:
        """Take a message unless it hangs."""
        if message.case in self.hanging:
            self.attempts.append(message)
            raise Retry("it took too long")
        return super().take(message)


def turns(desk: Desk, count: int) -> list[str | None]:
    """Deliver so often, and return the cases that were tried, in order."""
    for _ in range(count):
        with suppress(Retry):
            delivering.deliver(desk.bus, "BE", desk.gates["BE"])
    return [message.case for message in desk.gates["BE"].attempts]


def test_urgent_ones_that_hang_hold_up_no_other_for_ever(desk: Desk) -> None:
    """What has been tried least has every other turn, and the urgent ones all the rest."""
    for number, priority in zip(CASES, [1, 1, 2, 4, 4, 4, 4], strict=True):
        told = classification(priority=Priority(priority))
        desk.file(report(number, at=IN_ZONE, classification=told))
    gate = desk.gates["BE"] = HangingGate("C-1", "C-2", "C-3")
    assert turns(desk, 6)[:6] == ["C-1", "C-2", "C-1", "C-3", "C-2", "C-4"]
    gate.hanging.clear()
    desk.deliver("BE")
    assert len(arrived(desk)) == len(CASES)


def test_one_that_failed_before_is_held_up_no_longer_than_others(desk: Desk) -> None:
    """It is tried less often than the urgent ones that hang, so its turn comes."""
    gate = desk.gates["BE"] = HangingGate("C-7")
    for number, priority in (("C-7", 4), ("C-1", 1), ("C-2", 1)):
        told = classification(priority=Priority(priority))
        desk.file(report(number, at=IN_ZONE, classification=told))
        if number == "C-7":
            assert turns(desk, 1) == ["C-7"]
    gate.hanging = {"C-1", "C-2"}
    assert turns(desk, 5)[1:] == ["C-1", "C-2", "C-1", "C-2", "C-7", "C-1"]


def test_a_room_that_is_not_reached_takes_nobodys_turn(desk: Desk) -> None:
    """What has been tried least keeps its turn until it has been tried."""
    for number, priority in (("C-1", 1), ("C-2", 4)):
        told = classification(priority=Priority(priority))
        desk.file(report(number, at=IN_ZONE, classification=told))
    desk.gates["BE"] = HangingGate("C-1", "C-2")
    assert turns(desk, 1) == ["C-1"]
    with (
        patch.object(desk.gates["BE"], "deliveries", side_effect=Retry("it does not start")),
        pytest.raises(Retry, match="does not start"),
    ):
        delivering.deliver(desk.bus, "BE", desk.gates["BE"])
    assert turns(desk, 1) == ["C-1", "C-2"]


def test_what_failed_for_days_still_has_its_turn(desk: Desk) -> None:
    """Beside an urgent one that fails more often yet."""
    for number, priority, attempts in (("C-1", 1, 900), ("C-2", 4, 300)):
        told = classification(priority=Priority(priority))
        filed = desk.file(report(number, at=IN_ZONE, classification=told))
        with desk.bus.store.begin() as uow:
            tried = "UPDATE delivery SET attempts = %s WHERE incident = %s"
            uow._connection.exec_driver_sql(tried, (attempts, filed.id))
    desk.gates["BE"] = HangingGate("C-1", "C-2")
    assert turns(desk, 2) == ["C-1", "C-2"]


def test_a_message_that_failed_is_tried_again_at_once_where_no_other_waits(desk: Desk) -> None:
    """A turn for what has been tried least is not lost where all have been tried as often."""
    desk.file(report("C-1", at=IN_ZONE))
    desk.gates["BE"] = HangingGate("C-1")
    assert turns(desk, 40) == ["C-1"] * 40


def test_the_most_urgent_go_first(desk: Desk) -> None:
    """Within a batch and between batches, priority goes before age."""
    for number, priority in zip(CASES, [4, 3, 1, 2, 4, 1, 2], strict=True):
        told = classification(priority=Priority(priority))
        desk.file(report(number, at=IN_ZONE, classification=told))
    desk.gates["BE"].at_once = 2
    desk.deliver("BE")
    order = [int(message.content.classification.priority) for message in desk.gates["BE"].attempts]
    assert order == [1, 1, 2, 2, 3, 4, 4]


def test_one_that_hangs_holds_up_no_other(desk: Desk) -> None:
    """The others arrive and are recorded while it is still on its way."""
    file_all(desk)
    gate = desk.gates["BE"]
    gate.at_once, gate.slow = 2, {"C-1"}
    desk.deliver("BE")
    assert [message.case for message in gate.attempts] == [*CASES[1:], "C-1"]
    assert len(arrived(desk)) == len(CASES)


def test_what_comes_up_while_one_hangs_goes_out(desk: Desk) -> None:
    """A call that says nothing keeps nobody from looking for what is due beside it."""
    desk.file(report("C-1", at=IN_ZONE))
    gate = desk.gates["BE"]
    gate.at_once, gate.slow, gate.looks = 2, {"C-1"}, 1
    gate.on_look = lambda: desk.file(report("C-2", at=IN_ZONE))
    assert delivering.deliver(desk.bus, "BE", gate) == 2
    assert [message.case for message in gate.attempts] == ["C-2", "C-1"]


def test_a_failure_among_receipts_is_put_off_alone(desk: Desk) -> None:
    """What came back with it is recorded, and the room is left alone for a while."""
    file_all(desk)
    gate = desk.gates["BE"]
    gate.at_once = 3
    gate.failures = [Retry("no answer")]
    with pytest.raises(Retry, match="no answer"):
        delivering.deliver(desk.bus, "BE", gate)
    assert (len(gate.attempts), len(arrived(desk))) == (3, 2)
    assert len(desk.entries(EntryKind.DELIVERY_FAILED)) == 1
    desk.deliver("BE")
    assert len(arrived(desk)) == len(CASES)


def test_a_refusal_among_receipts_is_stuck_alone(desk: Desk) -> None:
    """The room goes on with the others."""
    file_all(desk)
    gate = desk.gates["BE"]
    gate.at_once = 3
    gate.failures = [Refused("content", None, "Not like this.")]
    desk.deliver("BE")
    assert len(desk.entries(EntryKind.DELIVERY_UNDELIVERABLE)) == 1
    assert len(arrived(desk)) == len(CASES) - 1


def test_several_parts_move_in_one_batch(desk: Desk) -> None:
    """Each acceptance that its owner hears moves its part, and both sides learn of it."""
    desk.gates["NL"].at_once = desk.gates["BE"].at_once = 4
    filed = [desk.file(report(number, at=ACROSS)) for number in CASES[:3]]
    for one in filed:
        handoff = desk.notice(one.id, NoticeKind.HANDOFF)
        answering.answer(desk.bus, answer(AnswerKind.OFFER, handoff.id), {"NL-1"})
        answering.answer(desk.bus, answer(AnswerKind.ACCEPT, handoff.id), {"BE-1"})
    desk.settle()
    for number in CASES[:3]:
        assert desk.filed(number).parts[0].owner == "BE-1"
    assert len(desk.entries(EntryKind.PART_MOVED)) == 3


def test_a_row_that_cannot_be_recorded_keeps_no_other_from_it(
    desk: Desk, database_url: str
) -> None:
    """A newer process may have written what this one does not know."""
    file_all(desk)
    odd = desk.notice(desk.filed("C-4").id, NoticeKind.MIRROR)
    run(database_url, f"UPDATE notice SET state = 'unheard of' WHERE id = '{odd.id}'")
    desk.gates["BE"].at_once = 5
    desk.deliver("BE")
    assert len(arrived(desk)) == len(CASES) - 1
    run(database_url, f"UPDATE notice SET state = 'opened' WHERE id = '{odd.id}'")
    run(database_url, "UPDATE delivery SET claimed_until = NULL")
    desk.deliver("BE")
    assert desk.notice(odd.incident, NoticeKind.MIRROR).state is NoticeState.DELIVERED


def test_what_came_back_while_the_database_was_away_is_recorded_when_it_is_back(
    desk: Desk, database_url: str
) -> None:
    """The room is not asked twice for what it has answered."""
    file_all(desk)
    gate = desk.gates["BE"]
    gate.at_once = len(CASES)
    gate.before_receipt = lambda: run(database_url, _END_CONNECTIONS)
    assert delivering.deliver(desk.bus, "BE", gate) == len(CASES)
    assert len(gate.attempts) == len(arrived(desk)) == len(CASES)


def test_a_telling_that_cannot_be_read_keeps_no_other_from_its_room(
    desk: Desk, database_url: str
) -> None:
    """It is overdue, as people will see; the room gets all the rest."""
    file_all(desk)
    odd = desk.filed("C-1").id
    broken = '{"incident": "' + str(odd) + '", "content": {}, "act": "unheard of"}'
    run(database_url, f"UPDATE delivery SET message = '{broken}' WHERE incident = '{odd}'")
    desk.gates["BE"].at_once = 5
    desk.deliver("BE")
    assert len(arrived(desk)) == len(CASES) - 1


def test_what_is_claimed_again_on_its_way_is_not_sent_twice(desk: Desk, database_url: str) -> None:
    """A process that stood still finds its claims run out; what it has sent is still in flight."""
    file_all(desk)
    gate = desk.gates["BE"]
    gate.at_once, gate.slow, gate.looks = 3, {"C-1"}, 3
    gate.on_look = lambda: run(database_url, "UPDATE delivery SET claimed_until = 'epoch'")
    assert desk.deliver("BE") == len(CASES)
    ids = [message.id for message in gate.attempts]
    assert sorted(ids) == sorted(set(ids)) == sorted(arrived(desk))
