"""Frames on a stream socket: four bytes of length (big endian), then that much JSON text."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

from dispatch_bus.sdk.adapter import TooLarge

_HEADER = struct.Struct(">I")
_CHUNK = 1 << 18
MAX_BYTES = 32 * 1024 * 1024


class Closed(Exception):
    """The other end has closed the socket between two frames, or within one."""


class Garbled(Exception):
    """What came is no frame."""


class Deadline:
    """A moment on the monotonic clock, ``seconds`` from when it is made."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def or_in(self, seconds: float) -> Deadline:
        """Return this deadline or one in so many seconds, whichever comes first."""
        other = Deadline(seconds)
        return other if other.at < self.at else self


def pack(value: Any) -> bytes:
    """Return ``value`` as one frame.

    Raises:
        TooLarge: it does not fit.
    """
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_BYTES:
        raise TooLarge("a frame", len(body), MAX_BYTES)
    return _HEADER.pack(len(body)) + body


def send(sock: socket.socket, frames: bytes, deadline: Deadline | None = None) -> None:
    """Send packed frames.

    Raises:
        Closed: the other end is gone.
        TimeoutError: the deadline has passed; the socket is of no more use.
    """
    try:
        if deadline:
            sock.settimeout(deadline.left())
        sock.sendall(frames)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed from error


class Reader:
    """The frames of a stream socket, one after the other; several may come in one packet.

    Reading waits as long as the socket's own time-out lets it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = bytearray()

    def read(self) -> Any:
        """Wait for the next frame and return its value.

        Raises:
            TooLarge: the frame announces more than 32 MiB; the socket is of no more use.
            Garbled: it holds no JSON.
            Closed: the other end is gone.
        """
        while (size := self._size()) is None or len(self._received) < size:
            self._receive()
        body = self._received[_HEADER.size : size]
        del self._received[:size]
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Garbled from error

    @property
    def has_another(self) -> bool:
        """Whether the next frame is here already, so that nobody has to wait for it."""
        size = self._size()
        return size is not None and len(self._received) >= size

    def _size(self) -> int | None:
        """Return how long the first frame is with its header, once that has come."""
        if len(self._received) < _HEADER.size:
            return None
        (size,) = _HEADER.unpack_from(self._received)
        if size > MAX_BYTES:
            raise TooLarge("a frame", size, MAX_BYTES)
        return int(size) + _HEADER.size

    def _receive(self) -> None:
        try:
            chunk = self._sock.recv(_CHUNK)
        except OSError as error:
            raise Closed from error
        if not chunk:
            raise Closed
        self._received += chunk
