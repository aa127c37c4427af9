"""Rooms with a mailbox, from the bus's side: adapter processes over a real broker and database."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Thread
from typing import Any
from uuid import UUID

import attrs
import pytest
from making.values import NOON, report
from making.wiring import Desk
from making.world import ACROSS, IN_ZONE
from servers.broker_plans import Planned, planned
from servers.rabbitmq import RabbitServer
from servers.waiting import wait_for

from dispatch_bus.application import answering, checking, delivering, intake, queue, rooms
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import Answer, AnswerKind, NoticeKind, NoticeState
from dispatch_bus.messaging.admin.plan import Account
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.inbox import Inbox, Taken
from dispatch_bus.sdk.mailbox import Full, Mailbox
from dispatch_bus.sdk.process import RoomProcess

BOX = Mailbox("BE")
ROOMS = tuple((room, Account(name=f"room-{room}", password=f"pw {room}")) for room in ("BE", "DE"))


@pytest.fixture(scope="module")
def world(rabbit_server: RabbitServer) -> Iterator[Planned]:
    """A broker with mailboxes for two rooms of the small world, three messages in each."""
    with planned(rabbit_server, rooms=ROOMS, inbox_messages=3) as made:
        yield made


class Room:
    """One room's end and the bus's: a client that does what a test says, and the adapter."""

    def __init__(
        self, world: Planned, desk: Desk, settings: RoomSettings, sending: RoomProcess
    ) -> None:
        limits = attrs.evolve(desk.bus.limits, deliver_deadline_s=60.0, pull_deadline_s=60.0)
        desk.bus = attrs.evolve(desk.bus, limits=limits)
        self.desk, self.name, self.sending = desk, settings.id, sending
        self._taken: list[Taken] = []
        self.reading = RoomProcess(settings, "inbox", role="pull")
        self.client = Inbox(world.room_access(self.name), self.name, clock=lambda: NOON)

    def deliver(self) -> None:
        """Hand over what is due, as far as the inbox takes it."""
        wait_for(self._handed_over, "the inbox has what is due, or is full")

    def _handed_over(self) -> bool:
        try:
            while delivering.deliver(self.desk.bus, self.name, self.sending):
                pass
        except Full:
            return True
        except Retry:
            return False
        return True

    def take(self) -> Taken:
        """Take the next message out of the inbox."""

        def arrived() -> bool:
            with suppress(Retry):
                self._taken.extend(filter(self._is_ours, self.client.take(0.2)))
            return bool(self._taken)

        wait_for(arrived, "a message is in the inbox")
        return self._taken.pop(0)

    def _is_ours(self, taken: Taken) -> bool:
        # What another test has left under way may come back a moment after it was swept out.
        told = self.desk.entries(EntryKind.DELIVERY_ATTEMPTED)
        return taken.id in {one.facts["message"] for one in told}

    def pull(self, *kinds: EntryKind) -> None:
        """Let the bus pull until the journal has an entry of each of these kinds."""

        def told() -> bool:
            with suppress(Retry):
                intake.pull(self.desk.bus, self.name, self.reading)
            return {one.kind for one in self.desk.entries(*kinds)} == {kind.value for kind in kinds}

        wait_for(told, f"{kinds} is journalled")

    def say(self, kind: AnswerKind, notice: UUID, **more: Any) -> None:
        """Answer a notice, as a person in the room."""
        said = {"type": "answer", "id": "a-1", "notice": str(notice), "kind": kind.value}
        said |= {"by": "desk-1", "at": NOON.isoformat(), **more}
        self.client.send(said, record_id=f"{kind.value} {notice}")

    def close(self) -> None:
        """End both ends."""
        self.client.close()
        self.reading.close()


@pytest.fixture(scope="module")
def settings(world: Planned, tmp_path_factory: pytest.TempPathFactory) -> RoomSettings:
    """The Belgian room, as the bus starts its adapter."""
    password = tmp_path_factory.mktemp("secret") / "bus.password"
    password.write_text(world.plan.bus.password)
    access = world.access(world.plan.bus.name)
    told = {"url": access.url, "password_file": str(password), "timeout_s": access.timeout_s}
    return RoomSettings(id="BE", country="BE", options={**told, "expiry_s": 600.0})


@pytest.fixture(scope="module")
def sending(settings: RoomSettings) -> Iterator[RoomProcess]:
    """The process that writes its inbox."""
    with closing(RoomProcess(settings, "inbox", role="deliver")) as made:
        yield made


@pytest.fixture
def room(
    world: Planned, desk: Desk, settings: RoomSettings, sending: RoomProcess
) -> Iterator[Room]:
    """The Belgian room behind its mailbox, which is empty before and after."""
    with closing(Room(world, desk, settings, sending)) as made:
        yield made
    for name in (BOX.inbox, BOX.outbox, BOX.unread):
        world.empty(name)


def test_a_message_in_the_inbox_is_not_delivered(desk: Desk, room: Room) -> None:
    """It is posted; the sender goes on reading NOT DELIVERED, and it is not sent again."""
    filed = desk.file(report(at=IN_ZONE))
    room.deliver()
    room.deliver()
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.OPENED
    (posted,) = desk.entries(EntryKind.DELIVERY_POSTED)
    assert (posted.facts["reference"], posted.facts["waits_s"]) == ("inbox.BE", 600.0)
    assert desk.entries(EntryKind.DELIVERY_MADE) == []


def test_the_rooms_receipt_delivers_it_once(desk: Desk, room: Room) -> None:
    """With the room's reference and clock; the same receipt again changes nothing."""
    filed = desk.file(report(at=IN_ZONE))
    room.deliver()
    taken = room.take()
    room.client.receipt(taken, "R-7")
    room.client.send(
        {"type": "receipt", "message": taken.id, "reference": "R-7", "received": NOON.isoformat()},
        record_id="again",
    )
    room.say(AnswerKind.ACKNOWLEDGE, desk.notice(filed.id, NoticeKind.MIRROR).id)
    room.pull(EntryKind.NOTICE_ACKNOWLEDGED)
    (made,) = desk.entries(EntryKind.DELIVERY_MADE)
    assert (made.facts["reference"], made.facts["received_at"]) == ("R-7", NOON.isoformat())
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.ACKNOWLEDGED


def test_an_offer_is_accepted_through_the_mailbox(desk: Desk, room: Room) -> None:
    """There and back: offered, taken out, accepted, and the part moves when its owner knows."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    offer = Answer(id="o", notice=handoff.id, kind=AnswerKind.OFFER, by="desk", at=NOON)
    answering.answer(desk.bus, offer, {"NL-1"})
    room.deliver()
    taken = room.take()
    while taken.content["act"] != "offer":
        room.client.receipt(taken, "R")
        taken = room.take()
    room.client.receipt(taken, "R")
    room.say(AnswerKind.ACCEPT, handoff.id, case_number="B-9")
    room.pull(EntryKind.HANDOFF_ACCEPTED)
    desk.deliver("NL")
    assert desk.filed("C-1").parts[0].owner == "BE-1"


def test_a_message_that_nobody_took_is_posted_again_and_said(
    world: Planned, desk: Desk, room: Room
) -> None:
    """The same message, for whoever comes back to read it; the journal tells of it."""
    room.client.close()
    desk.file(report(at=IN_ZONE))
    with _hasty(world):
        room.deliver()
        room.pull(EntryKind.DELIVERY_UNREAD)
    room.deliver()
    (unread,) = desk.entries(EntryKind.DELIVERY_UNREAD)
    assert (unread.facts["reason"], unread.facts["overtaken"]) == ("expired", False)
    first, second = desk.entries(EntryKind.DELIVERY_POSTED)
    assert first.facts["message"] == second.facts["message"]


def test_a_message_that_the_room_rejects_is_undeliverable(desk: Desk, room: Room) -> None:
    """It is not sent again by itself, and the queue says whom to call."""
    filed = desk.file(report(at=ACROSS))
    handoff = desk.notice(filed.id, NoticeKind.HANDOFF)
    offer = Answer(id="o", notice=handoff.id, kind=AnswerKind.OFFER, by="desk", at=NOON)
    answering.answer(desk.bus, offer, {"NL-1"})
    room.deliver()
    for _ in desk.entries(EntryKind.DELIVERY_POSTED):
        room.client.reject(room.take())
    room.pull(EntryKind.DELIVERY_UNREAD)
    posted = len(desk.entries(EntryKind.DELIVERY_POSTED))
    room.deliver()
    assert len(desk.entries(EntryKind.DELIVERY_POSTED)) == posted
    (pending,) = queue.queue(desk.bus, 10).pending
    told = {one.side.value: one for one in pending.deliveries}["receiver"]
    assert told.not_delivered
    assert told.call is not None


def test_a_full_inbox_stops_that_room_alone(world: Planned, desk: Desk, room: Room) -> None:
    """The journal and the room's view say so, once, and say when it takes messages again."""
    room.client.close()
    told = 0
    while not desk.entries(EntryKind.INBOX_FULL):
        told += 1
        desk.file(report(f"C-{told}", at=IN_ZONE))
        room.deliver()
    room.deliver()
    (full,) = desk.entries(EntryKind.INBOX_FULL)
    assert full.facts["waiting"] >= 3
    (view,) = (one for one in rooms.rooms(desk.bus).items if one.id == "BE")
    assert view.inbox_full_since
    assert desk.deliver("NL") == 0
    room.client = Inbox(world.room_access("BE"), "BE")
    wait_for(lambda: _drain(room, told), "all messages are taken out")
    assert len(desk.entries(EntryKind.INBOX_FREE)) == 1
    (view,) = (one for one in rooms.rooms(desk.bus).items if one.id == "BE")
    assert view.inbox_full_since is None


def test_a_room_that_does_not_read_its_inbox_is_unreachable(
    world: Planned, desk: Desk, room: Room
) -> None:
    """Until somebody reads it again."""
    room.client.close()
    checking.check(desk.bus, "BE", room.sending)
    (view,) = (one for one in rooms.rooms(desk.bus).items if one.id == "BE")
    assert view.unreachable_since
    room.client = Inbox(world.room_access("BE"), "BE")

    def reachable() -> bool:
        checking.check(desk.bus, "BE", room.sending)
        return bool(desk.entries(EntryKind.ROOM_REACHABLE))

    wait_for(reachable, "the room is reachable")
    (gone,) = desk.entries(EntryKind.ROOM_UNREACHABLE)
    assert gone.facts["side"] == "inbox"


def test_an_adapter_killed_while_it_publishes_has_one_effect(desk: Desk, room: Room) -> None:
    """Whether the broker has the message is unknown, so it goes again under its id."""
    filed = desk.file(report(at=IN_ZONE))
    room.sending.check(deadline_s=20.0)
    assert room.sending.pid
    os.kill(room.sending.pid, signal.SIGSTOP)
    held = Thread(target=_deliver_once, args=(room,))
    held.start()
    wait_for(lambda: desk.entries(EntryKind.DELIVERY_ATTEMPTED), "it is on its way")
    os.kill(room.sending.pid, signal.SIGKILL)
    held.join()
    room.deliver()
    wait_for(lambda: desk.entries(EntryKind.DELIVERY_POSTED), "it is posted")
    room.client.receipt(room.take(), "R-1")
    room.pull(EntryKind.DELIVERY_MADE)
    assert len({one.facts["message"] for one in desk.entries(EntryKind.DELIVERY_ATTEMPTED)}) == 1
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.DELIVERED


def test_what_is_no_record_is_quarantined_and_the_next_one_goes_on(desk: Desk, room: Room) -> None:
    """A receipt for what this room was never told is no receipt."""
    strange = f"{UUID(int=9)}/receiver/1"
    told = {"type": "receipt", "message": strange, "reference": "R", "received": NOON.isoformat()}
    room.client.send(told, record_id="strange")
    room.client.send({"type": "poem", "lines": 3}, record_id="poem")
    room.pull(EntryKind.RECORD_QUARANTINED)
    wait_for(lambda: _quarantined(desk, room) >= {"strange", "poem"}, "both are kept")


def test_a_receipt_for_what_is_overtaken_says_nothing_of_the_newest(desk: Desk, room: Room) -> None:
    """The newest telling has a receipt of its own to come."""
    filed = desk.file(report(at=IN_ZONE))
    room.deliver()
    old = room.take()
    desk.file(report(at=IN_ZONE, hazards=("acid",)))
    room.deliver()
    room.client.receipt(old, "R-1")
    new = room.take()
    room.pull(EntryKind.DELIVERY_POSTED)
    assert desk.entries(EntryKind.DELIVERY_MADE) == []
    room.client.receipt(new, "R-2")
    room.pull(EntryKind.DELIVERY_MADE)
    (made,) = desk.entries(EntryKind.DELIVERY_MADE)
    assert made.facts["reference"] == "R-2"
    assert desk.notice(filed.id, NoticeKind.MIRROR).state is NoticeState.DELIVERED


def _deliver_once(room: Room) -> None:
    with suppress(Retry):
        delivering.deliver(room.desk.bus, room.name, room.sending)


@contextmanager
def _hasty(world: Planned) -> Iterator[None]:
    """Have the broker take out of the inbox at once what goes in."""
    path = f"/api/policies/{world.plan.partners_vhost}/inboxes"
    usual = world.broker.get(path)
    hasty = {**usual["definition"], "message-ttl": 1}
    world.broker.tell("PUT", path, {**usual, "definition": hasty})
    yield
    world.broker.tell("PUT", path, usual)


def _drain(room: Room, told: int) -> bool:
    with suppress(Retry):
        for one in room.client.take(0.2):
            room.client.receipt(one, "R")
    with suppress(Retry):
        intake.pull(room.desk.bus, room.name, room.reading)
    room.deliver()
    return len(room.desk.entries(EntryKind.DELIVERY_MADE)) == told


def _quarantined(desk: Desk, room: Room) -> set[str]:
    with suppress(Retry):
        intake.pull(desk.bus, room.name, room.reading)
    return {one.facts["record"] for one in desk.entries(EntryKind.RECORD_QUARANTINED)}
