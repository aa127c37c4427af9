"""Ways in which a room misbehaves, wrapped around one that behaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from urllib.parse import parse_qs, urlencode

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch_bus.sdk.simulator.spec import Fault

_INSTEAD: dict[Fault, Callable[[], Response]] = {
    Fault.DOWN: lambda: PlainTextResponse("in service", 503),
    Fault.SERVER_ERROR: lambda: PlainTextResponse("NullPointerException", 500),
    Fault.REDIRECT: lambda: RedirectResponse("/sign-in"),
    Fault.WRONG_TYPE: lambda: PlainTextResponse("<h1>Welcome</h1>", media_type="text/html"),
}


class Hostile:
    """Misbehaves in the ways that ``faults`` name at the moment; ``/control`` always works."""

    def __init__(self, app: ASGIApp, faults: Callable[[], Collection[Fault]]) -> None:
        self._app = app
        self._faults = faults
        self._last_after = "0"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or spoil it."""
        path = scope.get("path")
        if scope["type"] != "http" or path == "/control":
            return await self._app(scope, receive, send)
        faults = self._faults()
        for fault, response in _INSTEAD.items():
            if fault in faults:
                return await response()(scope, receive, send)
        if path == "/records":
            return await self._pull(faults, scope, receive, send)
        if path == "/notices" and Fault.LATE_RECEIPT in faults:
            return await self._late(scope, receive)
        return await self._app(scope, receive, send)

    async def _pull(
        self, faults: Collection[Fault], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if Fault.HANG_ON_PULL in faults:
            return await _until_hung_up(receive)
        if Fault.HALF_PAGE in faults:
            return await self._app(scope, receive, _cut(send))
        if Fault.NO_CURSOR in faults:
            return await JSONResponse({"records": []})(scope, receive, send)
        return await self._app(self._moved(faults, scope), receive, send)

    def _moved(self, faults: Collection[Fault], scope: Scope) -> Scope:
        asked = parse_qs(scope["query_string"].decode())
        after = asked.get("after", ["0"])[0]
        if Fault.REPEAT_PAGE in faults:
            after = self._last_after
        elif Fault.GO_BACKWARDS in faults:
            after = str(max(0, int(after) - 2))
            asked["limit"] = ["1"]
        else:
            self._last_after = after
        query = urlencode({**asked, "after": [after]}, doseq=True)
        return {**scope, "query_string": query.encode()}

    async def _late(self, scope: Scope, receive: Receive) -> None:
        async def keep_silent(_: Message) -> None:
            """Say nothing of what has been done."""

        await self._app(scope, receive, keep_silent)
        await _until_hung_up(receive)


def _cut(send: Send) -> Send:
    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message["body"] or json.dumps({}).encode()
            message = {**message, "body": body[: len(body) // 2]}
        await send(message)

    return send_half


async def _until_hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
