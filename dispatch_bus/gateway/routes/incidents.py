"""Incidents, their personal fields and their history."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query

from dispatch_bus.application import board, consulting
from dispatch_bus.application.consulting import Consultation, Reason
from dispatch_bus.gateway import cursors
from dispatch_bus.gateway.asking import Before, Limit, TheBus
from dispatch_bus.gateway.models.base import List, Text
from dispatch_bus.gateway.models.details import Details
from dispatch_bus.gateway.models.incidents import Incident
from dispatch_bus.gateway.models.journal import History, entry

router = APIRouter(tags=["incidents"])
Show = Annotated[
    Literal["open", "all"], Query(description="`open`: only what is open; `all`: the ended too.")
]


@router.get("/incidents", summary="The incidents recorded last")
def list_incidents(
    bus: TheBus, before: Before, show: Show = "open", limit: Limit = 100
) -> List[Incident]:
    """Return incidents without personal fields, the one recorded last first.

    Incidents of no concern to a neighbour are not listed. One that is revised while you page
    moves to the front: the feed tells you of it.
    """
    page = board.incidents(bus, before, limit, open_only=show == "open")
    return List[Incident](
        at=page.at,
        items=tuple(Incident.model_validate(one) for one in page.items),
        next=cursors.write(page.next) if page.next else None,
    )


@router.get("/incidents/{id}", summary="One incident")
def show_incident(bus: TheBus, id: UUID) -> Incident:  # noqa: A002 - the name is the API's
    """Return an incident without personal fields."""
    return Incident.model_validate(board.incident(bus, id))


@router.get("/incidents/{id}/personal", summary="Consult an incident's personal fields")
def consult(
    bus: TheBus,
    id: UUID,  # noqa: A002 - the name is the API's
    by: Annotated[Text, Query(description="The account that looks, never a person's name.")],
    reason: Annotated[Reason, Query(description="Why it looks.")],
    session: Annotated[
        Text, Header(alias="X-Session", description="The session in which it looks.")
    ],
) -> Details:
    """Return an incident's personal fields.

    This is a consultation (Directive (EU) 2016/680, article 25). It is journalled once per
    person, revision and session.
    """
    consultation = Consultation(by=by, reason=reason, session=session)
    return Details.model_validate(consulting.consult(bus, id, consultation))


@router.get("/incidents/{id}/journal", summary="An incident's history")
def show_history(
    bus: TheBus,
    id: UUID,  # noqa: A002 - the name is the API's
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Only what follows it.")] = 0,
    limit: Limit = 500,
) -> History:
    """Return the sealed journal entries of an incident and its notices, oldest first.

    They explain each decision in codes and parameters; none carries personal fields.
    """
    items = tuple(entry(one) for one in board.history(bus, id, after, limit))
    return History(items=items, next=items[-1].number if len(items) == limit else None)
