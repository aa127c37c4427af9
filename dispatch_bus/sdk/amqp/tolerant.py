"""A connection that outlives messages with headers that are not to be read."""

from __future__ import annotations

import struct
from typing import Any

from pika import BasicProperties, SelectConnection, spec
from pika.exceptions import InvalidFrameError
from pika.frame import decode_frame

_FRAME = struct.Struct(">BHL")
_FLAGS = struct.Struct(">H")
_SIZE = struct.Struct(">L")
# Before the properties: class, weight and the body's size.
_FLAGS_AT = 12
_BEFORE_HEADERS = (BasicProperties.FLAG_CONTENT_TYPE, BasicProperties.FLAG_CONTENT_ENCODING)


class TolerantConnection(SelectConnection):  # type: ignore[misc]
    """Leaves out a message's headers where they cannot be read.

    A time beyond the calendar, a number that is none or nesting without end is sound for the broker
    and not for pika, which would drop the connection; the same message would then come first again.
    """

    def _read_frame(self) -> tuple[int, Any]:
        try:
            read: tuple[int, Any] = super()._read_frame()
        except InvalidFrameError:
            raise
        except Exception:
            bare = without_headers(self._frame_buffer)
            if bare is None:
                raise
            used, frame = bare
            return used, decode_frame(frame)[1]
        return read


def without_headers(buffer: bytes) -> tuple[int, bytes] | None:
    """Return the first frame without its message's headers, and how many bytes it had with them.

    None if it has no headers.
    """
    kind, channel, size = _FRAME.unpack_from(buffer)
    if kind != spec.FRAME_HEADER:
        return None
    used = _FRAME.size + size + 1
    told = buffer[_FRAME.size : used - 1]
    (flags,) = _FLAGS.unpack_from(told, _FLAGS_AT)
    if not flags & BasicProperties.FLAG_HEADERS:
        return None
    first = start = _FLAGS_AT + _FLAGS.size
    for flag in _BEFORE_HEADERS:
        start += 1 + told[start] if flags & flag else 0
    end = start + _SIZE.size + _SIZE.unpack_from(told, start)[0]
    left = _FLAGS.pack(flags & ~BasicProperties.FLAG_HEADERS) + told[first:start] + told[end:]
    bare = told[:_FLAGS_AT] + left
    return used, _FRAME.pack(kind, channel, len(bare)) + bare + bytes([spec.FRAME_END])
