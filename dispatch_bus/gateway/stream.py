"""A stream of events that does not wait for a slow client."""

from __future__ import annotations

import asyncio

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from dispatch_bus.gateway.metrics import FEED_DROPPED

PATIENCE_S = 10.0


class EventStream(StreamingResponse):
    """Drops a client that does not take what it is sent; it resumes by number."""

    media_type = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the feed ends, the client leaves or it is too slow."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(PATIENCE_S):
                await send(message)

        try:
            await super().__call__(scope, receive, in_time)
        except TimeoutError:
            FEED_DROPPED.inc()
