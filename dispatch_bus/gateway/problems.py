"""Errors over HTTP: one table from exception to status, and one form (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from attrs import frozen
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dispatch_bus.domain.errors import (
    DispatchBusError,
    NotAllowed,
    Refused,
    Retry,
    Stop,
    Unknown,
    shown,
)
from dispatch_bus.gateway.models.problem import Problem

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)


class Unauthorised(DispatchBusError):
    """The request carries no token, or another one."""

    def __init__(self) -> None:
        super().__init__("The request does not carry the gateway's token.")


class Late(DispatchBusError):
    """The request took longer than the gateway waits."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"The request took longer than {limit_s:g} s; look before you repeat it.")


@frozen
class _Row:
    """What a kind of error is over HTTP."""

    status: HTTPStatus
    name: str
    title: str


# From the particular to the general: the first class that fits decides.
TABLE: dict[type[Exception], _Row] = {
    Unauthorised: _Row(HTTPStatus.UNAUTHORIZED, "unauthorised", "Sign in"),
    Unknown: _Row(HTTPStatus.NOT_FOUND, "unknown", "There is nothing under this id"),
    NotAllowed: _Row(HTTPStatus.CONFLICT, "not-allowed", "The lifecycle does not allow this"),
    Refused: _Row(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", "The request has to be mended"),
    Retry: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "retry", "Not now: try again"),
    Late: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "late", "It took too long"),
    Stop: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "stop", "An operator has to act"),
    Exception: _Row(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "The gateway failed"),
}
STATUSES = sorted({row.status for row in TABLE.values()})


def problem(error: Exception) -> JSONResponse:
    """Return the answer to a request that ended in ``error``."""
    row = next(row for kind, row in TABLE.items() if isinstance(error, kind))
    known = isinstance(error, DispatchBusError)
    body = Problem(
        type=f"urn:dispatch-bus:problem:{row.name}",
        title=row.title,
        status=row.status,
        detail=str(error) if known else "The gateway's log says why.",
        **_mistake(error),
    )
    return _response(body, _headers(error))


def _mistake(error: Exception) -> dict[str, Any]:
    match error:
        case Refused():
            return {"field": error.field, "value": shown(error.value), "remedy": error.remedy}
        case Stop():
            return {"remedy": error.remedy}
    return {}


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case Unauthorised():
            return {"WWW-Authenticate": "Bearer"}
        case Retry():
            return {"Retry-After": str(max(1, ceil(error.after_s)))}
        case Late():
            return {"Retry-After": "1"}
    return {}


def _response(body: Problem, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(
        body.model_dump(mode="json", exclude_none=True),
        status_code=body.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Let every error of ``app`` leave it as a problem."""

    @app.exception_handler(DispatchBusError)
    async def _ours(_: Request, error: DispatchBusError) -> JSONResponse:
        if isinstance(error, Stop):
            _log.error("a request met a stop", problem=str(error))
        return problem(error)

    @app.exception_handler(RequestValidationError)
    async def _shape(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem(_refusal(error))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        body = Problem(
            type="about:blank",
            title=HTTPStatus(error.status_code).phrase,
            status=error.status_code,
            detail=str(error.detail),
        )
        return _response(body, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def _fault(_: Request, error: Exception) -> JSONResponse:
        # The server's error middleware raises it again, into the log, once this is sent.
        return problem(error)


def _refusal(error: RequestValidationError) -> Refused:
    first = error.errors()[0]
    where, *path = first["loc"]
    field = ".".join(str(step) for step in path) or str(where)
    missing = first["type"] == "missing"
    return Refused(field, None if missing else first.get("input"), f"{first['msg'].rstrip('.')}.")
