"""Messages of the broker that are no wake-ups, in the store's quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from making.wiring import Desk

from dispatch_bus.application import board, quarantining
from dispatch_bus.application.foreign import Foreign, quarantine_foreign
from dispatch_bus.domain.errors import NotAllowed, Refused
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.store.quarantine import Quarantined, QuarantineState

REASON = Refused("body", b"<wake/>", "It is no JSON.")


def foreign(raw: bytes = b"<wake/>") -> Foreign:
    """Make a message that is none."""
    return Foreign(queue="decide", raw=raw, reason=REASON)


def kept(desk: Desk) -> Sequence[Quarantined]:
    """Return what is in quarantine."""
    return board.quarantined(desk.bus, QuarantineState.WAITING, None, 100).items


def test_a_foreign_message_is_kept_whole_with_its_reason(desk: Desk) -> None:
    """Of no room, under the queue that it came to; its bytes can be looked at."""
    quarantine_foreign(desk.bus, [foreign(b"\x00\xff")])
    (record,) = kept(desk)
    assert (record.room, record.field, record.remedy) == ("(broker)", "body", "It is no JSON.")
    assert record.record.startswith("decide/")
    assert quarantining.consult(desk.bus, record.id, "me") == b"\x00\xff"


def test_a_message_that_comes_again_is_kept_once(desk: Desk) -> None:
    """The broker hands it out anew where nobody could say that it had been stored; that is told."""
    quarantine_foreign(desk.bus, [foreign()])
    quarantine_foreign(desk.bus, [foreign(), foreign(b"2")])
    assert len(kept(desk)) == 2
    assert len(desk.entries(EntryKind.RECORD_REPEATED)) == 1


def test_no_room_can_read_it_again(desk: Desk) -> None:
    """It can be dismissed alone."""
    quarantine_foreign(desk.bus, [foreign()])
    (record,) = kept(desk)
    with pytest.raises(NotAllowed, match="dismiss it"):
        quarantining.ask_replay(desk.bus, record.id, None, "me")
    quarantining.dismiss(desk.bus, record.id, "me")
    assert not kept(desk)


def test_a_message_that_two_processes_are_handed_at_once_is_kept_once(desk: Desk) -> None:
    """Where a connection broke, the next process may be faster than the commit of the first."""
    messages = [foreign(f"<wake {number}/>".encode()) for number in range(20)]
    with ThreadPoolExecutor(3) as pool:
        handed = [messages, messages[::-1], messages]
        list(pool.map(lambda some: quarantine_foreign(desk.bus, some), handed))
    assert len(kept(desk)) == len(messages)
