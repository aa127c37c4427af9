"""No list and no event carries a personal field."""

from __future__ import annotations

import httpx
import pytest
from gateway_border import ABROAD, SECRET, report
from gateway_world import API, CONSULT, Served, World
from test_gateway_feed import entries
from test_gateway_notices import OFFER, answer, handoff


@pytest.fixture
def busy(world: World, http: httpx.Client) -> World:
    """A world in which everything happened to an incident full of markers."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    world.ways["BE-ROOM"].away = True
    world.deliver()
    world.tell_nonsense(f'{{"name": "{SECRET}"}}'.encode())
    incident = http.get(f"{API}/incidents").json()["items"][0]["id"]
    consulted = http.get(
        f"{API}/incidents/{incident}/personal", params=CONSULT, headers={"X-Session": SECRET}
    )
    assert SECRET in consulted.text
    world.seal()
    return world


@pytest.mark.parametrize(
    "path", ["incidents", "mirrors", "handoffs", "handoffs/queue", "rooms", "quarantine"]
)
def test_no_list_carries_a_personal_field(busy: World, http: httpx.Client, path: str) -> None:
    """No list shows the marker that stands in every personal field."""
    answered = http.get(f"{API}/{path}")
    assert answered.status_code == 200
    assert SECRET not in answered.text


def test_neither_an_incident_nor_its_history_carries_one(busy: World, http: httpx.Client) -> None:
    """An incident and its history tell nothing personal."""
    incident = http.get(f"{API}/incidents").json()["items"][0]["id"]
    for path in (f"incidents/{incident}", f"incidents/{incident}/journal"):
        answered = http.get(f"{API}/{path}")
        assert answered.status_code == 200
        assert SECRET not in answered.text


def test_no_event_carries_a_personal_field(busy: World, http: httpx.Client) -> None:
    """The feed of everything that happened, consultation included, tells nothing personal."""
    with http.stream("GET", f"{API}/feed", params={"after": 0}) as answered:
        told = entries(answered, busy.seal())
    assert {"consultation", "record.quarantined", "handoff.offered"} <= {
        one["event"] for one in told
    }
    assert all(SECRET not in one["data"] for one in told)


def test_the_marker_would_be_found(world: World, served: Served, http: httpx.Client) -> None:
    """The message to the receiver carries the marker: the search above can fail."""
    answer(http, handoff(world, http), OFFER)
    world.deliver()
    assert any(SECRET in str(one.content) for one in world.ways["BE-ROOM"].got)
    assert world.tell(report("2", ABROAD))
