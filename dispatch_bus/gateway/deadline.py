"""A time limit on every request but those that follow the feed."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch_bus.gateway.problems import Late, problem


class Deadline:
    """Answers for a request that has no answer after ``limit_s`` seconds.

    That covers a client that sends its request drop by drop. What the endpoint asked of the
    database goes on until the database's own limits end it.
    """

    def __init__(self, app: ASGIApp, *, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and wait for the beginning of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._limit_s) as limit:

                async def begun(message: Message) -> None:
                    # An answer that has begun may take its time: the feed's never ends. One that
                    # begins too late is not sent, for the client is told that it is late.
                    if not limit.expired():
                        limit.reschedule(None)
                        await send(message)

                await self._app(scope, receive, begun)
        except TimeoutError:
            if not limit.expired():
                raise
            await problem(Late(self._limit_s))(scope, receive, send)
