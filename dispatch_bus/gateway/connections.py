"""The gateway's connections: where it listens, and how a connection ends that is of no use.

There is room for a few hundred, and whoever reaches the port can open one.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from dispatch_bus.domain.errors import Retry

PATIENCE_S = 30.0


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen at each address of ``host``.

    Raises:
        Retry: the port is taken, or the host is not on this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A name may stand twice for one address.
        addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [_listener(family, address) for family, address in addresses]
    except OSError as error:
        what = f"The gateway cannot listen on {host}:{port} ({error.strerror})"
        raise Retry(f"{what}; change gateway.port") from error


def _listener(family: int, address: Any) -> socket.socket:
    """Listen with what every connection inherits.

    One whose peer has gone without a word, or takes nothing of what it is sent, breaks after 30 s,
    also when it is closed here and only waits for that (Linux, tcp(7)).
    """
    listener = socket.create_server(address, family=family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        # asyncio sees to this one for sockets that it has made itself.
        (socket.TCP_NODELAY, 1),
        (socket.TCP_KEEPIDLE, 15),
        (socket.TCP_KEEPINTVL, 5),
        (socket.TCP_KEEPCNT, 3),
        (socket.TCP_USER_TIMEOUT, round(PATIENCE_S * 1_000)),
    ):
        listener.setsockopt(socket.IPPROTO_TCP, option, value)
    return listener


class Connection(H11Protocol):
    """A connection that is closed when no request begins for 30 s.

    uvicorn itself waits for ever for the first one, and for the rest of one whose first byte came.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._waiting = self._wait_for_another(None)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        # One that was sent with it begins in here.
        answered = self.cycle
        super().on_response_complete()
        self._waiting.cancel()
        self._waiting = self._wait_for_another(answered)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._waiting.cancel()
        super().connection_lost(exc)

    def _wait_for_another(self, last: RequestResponseCycle | None) -> asyncio.TimerHandle:
        return self.loop.call_later(PATIENCE_S, self._close_unless_asked, last)

    def _close_unless_asked(self, last: RequestResponseCycle | None) -> None:
        if self.cycle is last:
            self.transport.close()
