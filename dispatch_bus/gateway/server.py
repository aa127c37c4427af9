"""Serves the gateway, and ends it without waiting for those who follow the feed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from dispatch_bus.domain.errors import Retry

_GRACE_S = 5
_KEEP_ALIVE_S = 30
_MOST_CONNECTIONS = 500


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen at each address of ``host``.

    Raises:
        Retry: the port is taken, or the host is not on this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [_listener(family, address) for family, _, _, _, address in found]
    except OSError as error:
        what = f"The gateway cannot listen on {host}:{port} ({error.strerror})"
        raise Retry(f"{what}; change gateway.port") from error


def _listener(family: int, address: Any) -> socket.socket:
    listener = socket.create_server(address, family=family)
    # Every connection inherits it; asyncio sees to it for sockets that it has made itself.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Server(uvicorn.Server):
    """The gateway's server; it calls ``ready`` once it answers.

    ``run`` serves on the sockets that it is given until SIGINT or SIGTERM. Requests under way
    then have 5 s to end.
    """

    def __init__(self, app: FastAPI, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                # Its lines would carry the parameters of each request.
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
                limit_concurrency=_MOST_CONNECTIONS,
            )
        )
        self._app = app
        self._ready = ready

    def handle_exit(self, _number: int, _frame: FrameType | None) -> None:
        """Begin to end; ``run`` then returns, and its caller tidies up.

        Of a signal that is noted here uvicorn would die, after all requests have ended.
        """
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer, and say so."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the feed's streams first: nothing else would end them."""
        self._app.state.tail.close()
        await super().shutdown(sockets)
