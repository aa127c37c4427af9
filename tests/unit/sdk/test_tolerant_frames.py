"""Frames with headers that cannot be read: all but the headers is."""

from __future__ import annotations

import pytest
from pika import BasicProperties
from pika.frame import Body, Header, decode_frame
from rooms.odd_headers import NO_NUMBERS, ODD, OddProperties

from dispatch_bus.sdk.amqp.tolerant import TolerantConnection, without_headers

EVERY = ODD | NO_NUMBERS


class _Buffered(TolerantConnection):
    """What has come over the line, without a line."""

    def __init__(self, came: bytes) -> None:
        self._frame_buffer = came


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_frame_is_read_without_its_headers(name: str) -> None:
    """With what stands before and after them, and exactly its own bytes are used up."""
    frame: bytes = Header(3, 7, OddProperties("m-1", EVERY[name])).marshal()
    used, read = _Buffered(frame + Body(3, b"content").marshal())._read_frame()
    told = read.properties
    assert (used, read.channel_number, read.body_size) == (len(frame), 3, 7)
    assert (told.content_type, told.message_id, told.headers) == ("text/plain", "m-1", None)


def test_headers_that_can_be_read_are() -> None:
    """Nothing is taken away from a sound message."""
    sound = BasicProperties(message_id="m-1", headers={"a": 1})
    _, read = _Buffered(Header(1, 0, sound).marshal())._read_frame()
    assert read.properties.headers == {"a": 1}


@pytest.mark.parametrize(
    "frame", [Header(1, 0, BasicProperties(message_id="m-1")), Body(1, b"some content")]
)
def test_there_is_nothing_to_leave_out_where_no_headers_are(frame: Header | Body) -> None:
    """Such a frame is wrong for another reason, which is told as ever."""
    assert without_headers(frame.marshal()) is None


def test_half_a_frame_waits_for_its_rest() -> None:
    """Nothing is used up until all of it is there."""
    frame = Header(1, 0, OddProperties("m-1", ODD["lists in lists"])).marshal()
    assert _Buffered(frame[:-1])._read_frame() == decode_frame(frame[:-1]) == (0, None)
