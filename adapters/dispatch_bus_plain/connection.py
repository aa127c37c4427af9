"""The room's HTTP interface: bounded requests, each failure in plain words."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import (
    SWITCHING_PROTOCOLS,
    HTTPConnection,
    HTTPException,
    HTTPMessage,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from time import monotonic
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from attrs import frozen

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.json import JSON, parse
from dispatch_bus.sdk.adapter import TooLarge
from dispatch_bus_plain.options import Options

MAX_BODY_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1 << 16
_INTERIM_ANSWERS = 10
# Whatever lies between may forget a connection that is idle, and tell neither end.
_IDLE_S = 15.0
# A peer that is gone or behind a dead line says nothing at all, not even that it got a packet.
_LINE = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 5,
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 2,
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): 10_000,
}


@frozen
class Answer:
    """A room's answer: its status and the bytes of its body, whose type is ``kind``."""

    status: int
    kind: str
    body: bytes

    def json(self) -> JSON:
        """Return the object in the body.

        Raises:
            Retry: there is none, or half of one.
        """
        if not self.kind.startswith("application/json"):
            raise Retry(f"the room answered with {self.kind or 'no content type'}, not with JSON")
        try:
            value = parse(self.body)
        except Refused as error:
            raise Retry("the room's answer is no JSON, or half of it") from error
        if not isinstance(value, dict):
            raise Retry("the room's answer is JSON, but no object")
        return value


class _Final(HTTPResponse):
    """An answer without those that a room may send before it (RFC 9110 15.2), a few at most."""

    def begin(self) -> None:
        """Read the head of the answer; the standard library skips 100 alone."""
        super().begin()
        for _ in range(_INTERIM_ANSWERS):
            if not 100 < self.status < 200 or self.status == SWITCHING_PROTOCOLS:
                return
            # Without headers it has not begun.
            self.headers = self.msg = cast("HTTPMessage", None)
            super().begin()


class _Whole(HTTPConnection):
    """Sends a request's head and body at once: two packets cost both ends twice the work."""

    response_class = _Final
    used_at = 0.0

    def __init__(self, *told: Any, **more: Any) -> None:
        super().__init__(*told, **more)
        self._held = bytearray()

    def connect(self) -> None:
        """Connect to the room; a line that dies meanwhile is noticed."""
        super().connect()
        for (level, name), value in _LINE.items():
            self.sock.setsockopt(level, name, value)

    @property
    def is_usable(self) -> bool:
        """Whether the room, and all that lies between, most likely still has this connection."""
        is_open = self.sock is not None and not _has_ended(self.sock)
        return is_open and monotonic() - self.used_at < _IDLE_S

    def send(self, data: Any) -> None:
        """Hold back a part of a request."""
        self._held += data

    def flush(self) -> None:
        """Send what is held back."""
        held, self._held = self._held, bytearray()
        super().send(held)


class _WholeTLS(_Whole, HTTPSConnection):
    pass


class Connection:
    """Talks to one room over one kept connection for each thread.

    The standard library's client: httpx takes five times as long for a request, and more with
    each thread, since its connections are under one lock.
    """

    def __init__(self, options: Options) -> None:
        self._address = urlsplit(options.url)
        self._timeout_s = options.timeout_s
        self._headers = {
            "Authorization": f"Bearer {options.token}",
            "Accept-Encoding": "identity",
        }
        is_https = self._address.scheme == "https"
        self._tls = ssl.create_default_context() if is_https else None
        self._kept = threading.local()

    def get(self, path: str, *, wait_s: float = 0.0, **parameters: str | int) -> Answer:
        """Ask for ``path``; the room may think about it for ``wait_s`` seconds.

        Raises:
            Retry: the answer is not 200, or there is none.
        """
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._send("GET", path + query, None, self._timeout_s + wait_s, (200,))

    def post(self, path: str, value: JSON, *expected: int) -> Answer:
        """Send ``value`` to ``path``.

        Raises:
            Retry: the answer's status is not one of those expected, or there is none.
        """
        body = json.dumps(value, separators=(",", ":")).encode("ascii")
        return self._send("POST", path, body, self._timeout_s, expected)

    def close(self) -> None:
        """Close this thread's connection; those of others end with their threads."""
        kept: _Whole | None = self._kept.__dict__.pop("connection", None)
        if kept:
            kept.close()

    def _send(
        self,
        method: str,
        target: str,
        body: bytes | None,
        timeout_s: float,
        expected: Sequence[int],
    ) -> Answer:
        with ExitStack() as failed:
            # What may still come would be taken for the answer to the next request.
            failed.callback(self.close)
            answer = self._exchange(method, target, body, timeout_s)
            if answer.status not in expected:
                raise Retry(f"the room answered {answer.status} instead of {expected[0]}")
            failed.pop_all()
        self._kept.connection.used_at = monotonic()
        return answer

    def _exchange(self, method: str, target: str, body: bytes | None, timeout_s: float) -> Answer:
        try:
            return self._answer(method, target, body, timeout_s)
        except TimeoutError as error:
            path = target.partition("?")[0]
            raise Retry(f"the room did not answer {method} {path} in {timeout_s:g} s") from error
        except (OSError, HTTPException) as error:
            what = f"the room is not reached, or broke off ({_reason(error)})"
            raise Retry(what) from error

    def _answer(self, method: str, target: str, body: bytes | None, timeout_s: float) -> Answer:
        connection = self._connection(timeout_s)
        target = self._address.path.rstrip("/") + target
        kind = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, target, body, self._headers | kind)
        connection.flush()
        response = connection.getresponse()
        told = response.headers.get("content-type", "")
        return Answer(response.status, told, _body(response))

    def _connection(self, timeout_s: float) -> _Whole:
        """Return this thread's connection, a new one if the room may have closed it meanwhile."""
        kept: _Whole | None = getattr(self._kept, "connection", None)
        if kept is None or not kept.is_usable:
            self.close()
            kept = self._kept.connection = self._new()
            kept.timeout = timeout_s
            kept.connect()
        kept.sock.settimeout(timeout_s)
        return kept

    def _new(self) -> _Whole:
        host, port = self._address.hostname or "", self._address.port
        if self._tls:
            return _WholeTLS(host, port, context=self._tls)
        return _Whole(host, port)


def _reason(error: OSError | HTTPException) -> str:
    # Never the error's own text: it may quote what the room sent, and that holds personal data.
    kind = type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{kind}: {error.verify_message}"
    if isinstance(error, HTTPException) or not error.strerror:
        return kind
    return f"{kind}: {error.strerror}"


def _has_ended(sock: socket.socket) -> bool:
    # Between two requests nothing comes but the end, or what is no answer to anything.
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


def _body(response: HTTPResponse) -> bytes:
    body = bytearray()
    while chunk := response.read(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge("the room's answer", len(body), MAX_BODY_BYTES)
    if response.length:
        raise IncompleteRead(bytes(body), response.length)
    return bytes(body)
