"""Messages that came back from an inbox: each is a record, whatever the broker says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pika import BasicProperties

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.message import Unread, UnreadReason
from dispatch_bus.sdk.amqp import Delivery
from dispatch_bus.sdk.mailbox import Mailbox
from dispatch_bus_inbox.envelopes import open_ours, record_of

BOX = Mailbox("BE")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPIRED = {"time": NOON, "reason": "expired"}


def _came_back(headers: Any, message_id: Any = "m-1") -> Delivery:
    return Delivery(
        queue=BOX.unread,
        generation=1,
        tag=1,
        properties=BasicProperties(message_id=message_id, headers=headers),
        body=b"{}",
        redelivered=False,
    )


def test_the_brokers_last_word_is_read() -> None:
    """Why and when the message left the inbox."""
    record = record_of(_came_back({"x-death": [EXPIRED, {"reason": "rejected"}]}), BOX)
    assert record.id == "unread m-1 2026-03-01T12:00:00+00:00"
    word = open_ours(record.raw, BOX)
    assert word == Unread(message="m-1", reason=UnreadReason.EXPIRED, at=NOON)


@pytest.mark.parametrize(
    ("headers", "message_id"),
    [
        (None, "m-1"),
        ({}, "m-1"),
        ({"x-death": None}, "m-1"),
        ({"x-death": []}, "m-1"),
        ({"x-death": "expired"}, "m-1"),
        ({"x-death": {"time": NOON}}, "m-1"),
        ({"x-death": ["expired"]}, "m-1"),
        ({"x-death": [{}]}, "m-1"),
        ({"x-death": [{"reason": "expired"}]}, "m-1"),
        ({"x-death": [{"time": 1, "reason": "expired"}]}, "m-1"),
        ({"x-death": [{"time": NOON, "reason": b"\xff"}]}, "m-1"),
        ({"x-death": [{"time": NOON, "reason": "another"}]}, "m-1"),
        ({"x-death": [EXPIRED]}, None),
        ({"x-death": [EXPIRED]}, "x" * 250),
        ({"x-death": [EXPIRED]}, "a\x00b"),
    ],
)
def test_a_word_that_is_none_is_a_record_that_is_refused(headers: Any, message_id: Any) -> None:
    """It holds nothing up: it has a name that can be kept, the same each time that it comes."""
    record = record_of(_came_back(headers, message_id), BOX)
    assert record == record_of(_came_back(headers, message_id), BOX)
    assert len(record.id) <= 200
    assert "\x00" not in record.id
    with pytest.raises(Refused):
        open_ours(record.raw, BOX)
