"""Frames on a stream socket: four bytes of length (big endian), then that much JSON text."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

from dispatch_bus.sdk.adapter import TooLarge

_HEADER = struct.Struct(">I")
_CHUNK = 1 << 20
MAX_BYTES = 32 * 1024 * 1024


class Closed(Exception):
    """The other end has closed the socket between two frames, or within one."""


class Garbled(Exception):
    """What came is no frame."""


class Deadline:
    """A moment on the monotonic clock, ``seconds`` from when it is made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def write(sock: socket.socket, value: Any, deadline: Deadline | None = None) -> None:
    """Send ``value`` as one frame.

    Raises:
        TooLarge: it does not fit; nothing has been sent.
        Closed: the other end is gone.
        TimeoutError: the deadline has passed; the socket is of no more use.
    """
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_BYTES:
        raise TooLarge("a frame", len(body), MAX_BYTES)
    sock.settimeout(deadline.left() if deadline else None)
    try:
        sock.sendall(_HEADER.pack(len(body)) + body)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed from error


def read(sock: socket.socket, deadline: Deadline | None = None) -> Any:
    """Receive one frame and return its value.

    Raises:
        TooLarge: the frame announces more than 32 MiB; the socket is of no more use.
        Garbled: it holds no JSON.
        Closed: the other end is gone.
        TimeoutError: the deadline has passed; the socket is of no more use.
    """
    (size,) = _HEADER.unpack(_receive(sock, _HEADER.size, deadline))
    if size > MAX_BYTES:
        raise TooLarge("a frame", size, MAX_BYTES)
    try:
        return json.loads(_receive(sock, size, deadline))
    except (ValueError, RecursionError) as error:
        raise Garbled from error


def _receive(sock: socket.socket, size: int, deadline: Deadline | None) -> bytes:
    received = bytearray()
    while len(received) < size:
        sock.settimeout(deadline.left() if deadline else None)
        try:
            chunk = sock.recv(min(size - len(received), _CHUNK))
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed from error
        if not chunk:
            raise Closed
        received += chunk
    return bytes(received)
