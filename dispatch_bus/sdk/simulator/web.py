"""The room's HTTP interface, as docs/integrator.md describes it."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dispatch_bus.domain.errors import Refused, shown
from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk.simulator.hostile import Hostile
from dispatch_bus.sdk.simulator.room import Room
from dispatch_bus.sdk.simulator.spec import Fault, Spec

_TICK_S = 0.02
_LONGEST_WAIT_S = 60.0
_MOST_RECORDS = 1_000

Handler = Callable[[Request], Awaitable[Response]]


class Desk:
    """Serves one room, and keeps its scenario going."""

    def __init__(self, spec: Spec, room: Room, played_s: float) -> None:
        self._spec = spec
        self._room = room
        self._faults = frozenset(spec.faults)
        self._started = time.monotonic() - played_s
        self._news = asyncio.Event()

    def app(self) -> ASGIApp:
        """Return the application that serves the room."""
        routes = [
            self._route("/records", self._records, "GET"),
            self._route("/confirm", self._confirm, "POST"),
            self._route("/notices", self._notices, "POST"),
            self._route("/status", self._status, "GET"),
        ]
        if self._spec.control:
            routes.append(self._route("/control", self._control, "POST"))
        return Hostile(Starlette(routes=routes), self._faults_now)

    async def play(self) -> None:
        """Play the scenario for ever."""
        while True:
            if self._room.play(self._elapsed_s(), _now()):
                self._news.set()
                self._news = asyncio.Event()
            await asyncio.sleep(_TICK_S)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def _faults_now(self) -> frozenset[Fault]:
        outage = self._spec.outage
        if outage and outage.covers(self._elapsed_s()):
            return self._faults | {Fault.DOWN}
        return self._faults

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        async def guarded(request: Request) -> Response:
            told = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(told, f"Bearer {self._spec.token}".encode()):
                return _misfit(401, "authorization", "Send the token of this room.")
            try:
                return await handler(request)
            except Refused as error:
                return _misfit(422, error.field, error.remedy, error.value)
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                return _misfit(400, "request", f"Send what the interface asks for: {error!r}.")

        return Route(path, guarded, methods=[method])

    async def _records(self, request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        limit = min(int(request.query_params["limit"]), _MOST_RECORDS)
        wait_s = min(float(request.query_params.get("wait", "0")), _LONGEST_WAIT_S)
        return JSONResponse(await self._page(after, limit, wait_s))

    async def _page(self, after: int, limit: int, wait_s: float) -> JSON:
        until = time.monotonic() + wait_s
        while True:
            news = self._news
            page = self._room.page(after, limit, _now())
            left = until - time.monotonic()
            if page["records"] or left <= 0:
                return page
            await _wait(news, left)

    async def _confirm(self, request: Request) -> Response:
        self._room.confirm(int((await request.json())["cursor"]), _now())
        return Response(status_code=204)

    async def _notices(self, request: Request) -> Response:
        message = dict(await request.json())
        return JSONResponse(self._room.take(message, self._elapsed_s(), _now()))

    async def _status(self, _: Request) -> Response:
        name = f"Simulated control room {self._spec.room}"
        return JSONResponse({"name": name, "clock": _now().isoformat()})

    async def _control(self, request: Request) -> Response:
        self._faults = frozenset(Fault(each) for each in (await request.json())["faults"])
        return Response(status_code=204)


async def _wait(news: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return


def _misfit(status: int, field: str, remedy: str, value: object = None) -> Response:
    told = value if isinstance(value, str | int | None) else shown(value)
    return JSONResponse({"field": field, "value": told, "remedy": remedy}, status)


def _now() -> datetime:
    return datetime.now(UTC)
