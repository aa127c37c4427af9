"""What every endpoint is given, and what it may be asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Refused
from dispatch_bus.gateway import cursors
from dispatch_bus.store.paging import Mark

PREFIX = "/api/v1"


def _bus(request: Request) -> Bus:
    bus: Bus = request.app.state.bus
    return bus


def _before(
    cursor: Annotated[
        str | None,
        Query(description="The `next` of the page before; without it, the first page."),
    ] = None,
) -> Mark | None:
    return None if cursor is None else cursors.read(cursor)


TheBus = Annotated[Bus, Depends(_bus)]
Before = Annotated[Mark | None, Depends(_before)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


def known_parameters_only(request: Request) -> None:
    """Refuse a query parameter that the endpoint does not know: a filter that is misspelt.

    Raises:
        Refused: naming the parameter and those that are known.
    """
    operations = request.app.openapi()["paths"][PREFIX + request.scope["route"].path]
    described = operations[request.method.lower()].get("parameters", ())
    known = [one["name"] for one in described if one["in"] == "query"]
    for name, value in request.query_params.multi_items():
        if name not in known:
            remedy = f"Use one of: {', '.join(known)}." if known else "Leave it out."
            raise Refused(name, value, remedy)
        if len(request.query_params.getlist(name)) > 1:
            raise Refused(name, value, "Send it once.")
