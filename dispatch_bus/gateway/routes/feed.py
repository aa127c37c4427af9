"""The live feed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool

from dispatch_bus.application import feed
from dispatch_bus.gateway.asking import TheBus
from dispatch_bus.gateway.stream import EventStream
from dispatch_bus.gateway.tail import Tail

_LARGEST = 2**63 - 1
_EXAMPLE = """: at=2026-03-01T12:00:01.300000+00:00 number=4710 unsealed=0

event: handoff.offered
data: {"number":4711,"epoch":1,"kind":"handoff.offered","facts":{"receiver":"BE-112-LIM"}}
id: 4711
"""
_STREAM = {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}

router = APIRouter(tags=["feed"])


@router.get(
    "/feed",
    summary="Follow the journal live",
    response_class=EventStream,
    responses={200: {"description": "Server-sent events.", "content": _STREAM}},
)
async def follow(
    request: Request,
    bus: TheBus,
    after: Annotated[
        int | None, Query(ge=0, le=_LARGEST, description="Begin after this number; default: now.")
    ] = None,
    last: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            le=_LARGEST,
            description="Resume after this number; it goes before `after`.",
        ),
    ] = None,
) -> EventStream:
    """Stream sealed journal entries as server-sent events, in order and without gaps.

    `id` is the journal number, `event` the kind, `data` the entry as `/incidents/{id}/journal`
    shows it, without what is null. Every 5 s a comment tells the database's time at which the
    journal was last read, its last number, and how many entries wait to be sealed. Without one
    for longer than that, what you show is stale. A client that does not take what it is sent is
    dropped, and resumes by number.
    """
    tail: Tail = request.app.state.tail
    begin = await run_in_threadpool(feed.start, bus, after if last is None else last)
    return EventStream(tail.events(begin), headers={"Cache-Control": "no-store"})
