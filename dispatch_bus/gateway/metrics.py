"""Prometheus metrics of the gateway, and the middleware that counts requests."""

from __future__ import annotations

from http import HTTPMethod
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "dispatch_bus_gateway_requests", "Requests answered.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "dispatch_bus_gateway_request_seconds", "Time to the first byte of an answer.", ["route"]
)
FAULTS = Counter("dispatch_bus_gateway_faults", "Requests that met a fault.")
FEED_CLIENTS = Gauge("dispatch_bus_gateway_feed_clients", "Clients that follow the feed.")
FEED_DROPPED = Counter("dispatch_bus_gateway_feed_dropped", "Clients that were too slow.")
FEED_NUMBER = Gauge("dispatch_bus_gateway_feed_number", "The journal number that was read last.")

_METHODS = frozenset(method.value for method in HTTPMethod)


class Counting:
    """Counts each request under its route, for a path may name an incident."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        # Any word is a method to the server, and who sends it need not have signed in.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status: int | None = None

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                REQUESTS.labels(method, _route(scope), status).inc()
                REQUEST_SECONDS.labels(_route(scope)).observe(perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            FAULTS.inc()
            if status is None:
                # The answer to a fault is sent further out than this.
                REQUESTS.labels(method, _route(scope), 500).inc()
            raise


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "none")
