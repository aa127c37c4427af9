"""Builds the gateway's application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.health import health
from dispatch_bus.application.standing import standing
from dispatch_bus.gateway import problems
from dispatch_bus.gateway.access import check_token, signed_in
from dispatch_bus.gateway.asking import PREFIX, known_parameters_only
from dispatch_bus.gateway.deadline import Deadline
from dispatch_bus.gateway.metrics import Counting
from dispatch_bus.gateway.models.problem import Problem
from dispatch_bus.gateway.question import Question
from dispatch_bus.gateway.routes import feed, incidents, notices, operations, quarantine, rooms
from dispatch_bus.gateway.tail import Tail

LARGEST_BODY = 2**20
# Longer than the database needs to give up on a connection and a statement.
LONGEST_S = 30.0
_DESCRIPTION = """
Incidents, mirrors, handoffs and the journal of the dispatch bus.

Every request carries the token: `Authorization: Bearer …`. Times are RFC 3339 with their offset;
positions are WGS 84 (EPSG:4326). A request that cannot be done is answered with a problem
(RFC 9457) that names field, value and remedy; an unknown parameter or field is refused. No list
and no event carries personal fields: consult them by incident.
"""


def create_app(bus: Bus, *, token: str) -> FastAPI:
    """Make the HTTP API over ``bus`` for whoever carries ``token``.

    Raises:
        Stop: the token is too short to keep anybody out.
    """
    app = FastAPI(
        title="Dispatch bus",
        version=version("dispatch-bus"),
        description=_DESCRIPTION,
        # The library's own pages load their scripts from elsewhere; the bus has no internet.
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        max_body_size=LARGEST_BODY,
        lifespan=_lifespan,
    )
    app.state.bus, app.state.token, app.state.tail = bus, check_token(token), Tail(bus)
    app.state.health = Question(partial(health, bus))
    app.state.standing = Question(partial(standing, bus))
    app.include_router(_api())
    app.include_router(operations.router)
    app.add_middleware(Deadline, limit_s=LONGEST_S)
    app.add_middleware(Counting)
    problems.install(app)
    return app


def _api() -> APIRouter:
    api = APIRouter(
        prefix=PREFIX,
        dependencies=[Depends(signed_in), Depends(known_parameters_only)],
        responses=_problems(),
    )
    for part in (incidents, notices, rooms, quarantine, feed):
        api.include_router(part.router)
    return api


def _problems() -> dict[int | str, dict[str, Any]]:
    content = {problems.MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {
        status.value: {"description": status.phrase, "content": content}
        for status in problems.STATUSES
    }


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    reading = asyncio.create_task(app.state.tail.run(), name="feed")
    yield
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
