"""Serves the gateway, and ends it without waiting for those who follow the feed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from dispatch_bus.gateway.connections import Connection

_GRACE_S = 5
_KEEP_ALIVE_S = 30
_MOST_CONNECTIONS = 500


class Server(uvicorn.Server):
    """The gateway's server; it calls ``ready`` once it answers.

    ``run`` serves on the sockets that it is given until SIGINT or SIGTERM. Requests under way
    then have 5 s to end.
    """

    def __init__(self, app: FastAPI, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
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
