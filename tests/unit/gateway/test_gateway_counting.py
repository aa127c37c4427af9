"""How requests are counted that meet a fault."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY
from starlette.types import Message, Receive, Scope, Send

from dispatch_bus.gateway.metrics import Counting


class Route:
    """What the router leaves in the scope."""

    path = "/fails"


async def fails_at_once(scope: Scope, _: Receive, __: Send) -> None:
    """Fail before the answer has begun."""
    scope["route"] = Route()
    raise RuntimeError


async def fails_later(scope: Scope, _: Receive, send: Send) -> None:
    """Fail when the answer has begun, as a stream may."""
    scope["route"] = Route()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError


def faults() -> float:
    """Return how many faults are counted; it fails where the count is not told yet."""
    found = REGISTRY.get_sample_value("dispatch_bus_gateway_faults_total")
    assert found is not None
    return found


def requests(status: int) -> float:
    """Return how many requests of the failing route are counted with a status."""
    labels = {"method": "GET", "route": "/fails", "status": str(status)}
    return REGISTRY.get_sample_value("dispatch_bus_gateway_requests_total", labels) or 0


@pytest.mark.parametrize(
    ("app", "grown"), [(fails_at_once, (0, 1)), (fails_later, (1, 0))], ids=["at once", "later"]
)
def test_a_fault_is_counted_and_its_request_once(app: object, grown: tuple[float, float]) -> None:
    """A request is counted once, with the status that its client saw, and its fault beside it."""
    before = faults(), requests(200), requests(500)
    scope = {"type": "http", "method": "GET"}
    with pytest.raises(RuntimeError):
        asyncio.run(Counting(app)(scope, receive, send))  # type: ignore[arg-type]
    after = faults(), requests(200), requests(500)
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, *grown]


async def receive() -> Message:
    """Give nothing more."""
    return {"type": "http.disconnect"}


async def send(_: Message) -> None:
    """Take everything."""
