"""What machines ask: health and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dispatch_bus.application import health as asked
from dispatch_bus.application.health import Condition
from dispatch_bus.application.standing import Standing
from dispatch_bus.gateway.access import near_or_signed_in
from dispatch_bus.gateway.models.health import Check, Health
from dispatch_bus.gateway.question import Question
from dispatch_bus.gateway.standing import Told

router = APIRouter(tags=["operations"])
_FAILED = {"model": Health, "description": "Something has failed; the checks say what."}
_METRICS = {"content": {"text/plain": {"schema": {"type": "string"}}}}


@router.get("/health", summary="Whether the bus does its work", responses={503: _FAILED})
async def health(request: Request, response: Response) -> Health:
    """Return the state of store, journal, backlog, rooms and processes. Needs no token."""
    question: Question[asked.Health] = request.app.state.health
    found = await question.answer() or asked.silent()
    response.status_code = 503 if found.condition is Condition.FAILED else 200
    return Health(
        condition=found.condition,
        at=found.at,
        checks=tuple(Check.model_validate(one) for one in found.checks),
    )


@router.get(
    "/metrics",
    summary="Metrics of the gateway process, and how the bus stands",
    response_class=Response,
    responses={200: {"description": "Prometheus text format.", **_METRICS}},
    dependencies=[Depends(near_or_signed_in)],
)
async def metrics(request: Request) -> Response:
    """Return the metrics. Needs no token from this machine."""
    question: Question[Standing] = request.app.state.standing
    standing = Told(await question.answer())
    return Response(generate_latest() + generate_latest(standing), media_type=CONTENT_TYPE_LATEST)
