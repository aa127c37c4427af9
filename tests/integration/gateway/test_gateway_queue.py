"""The handoff queue over HTTP, as a supervisor watches it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve
from gateway_border import ABROAD, report
from gateway_world import API, Served, World, made
from test_gateway_notices import ACCEPT, OFFER, answer, handoff

from dispatch_bus.application import timekeeping


def queue(http: httpx.Client) -> dict[str, Any]:
    answered = http.get(f"{API}/handoffs/queue")
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def shorten(world: World, notice: str, left_s: float) -> None:
    """Move an offer's deadline to ``left_s`` seconds from now, by the database's clock."""
    with world.bus.store.begin() as uow:
        (one,) = [h for h in uow.notices.pending_handoffs(10) if str(h.id) == notice]
        uow.notices.put(evolve(one, deadline=uow.now + timedelta(seconds=left_s)))


@pytest.fixture
def hasty(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A world in which everything undelivered is overdue at once."""
    with made(database_url, tmp_path / "keys", overdue_s=0.0) as world:
        yield world


@pytest.fixture
def hasty_http(hasty: World) -> Iterator[httpx.Client]:
    """A client of that world's gateway."""
    served = Served(hasty.bus)
    with served.client() as client:
        yield client
    served.stop()


def test_the_oldest_handoff_comes_first(world: World, http: httpx.Client) -> None:
    """Proposals and offers wait in one queue, the oldest first, with case and age."""
    world.tell(report("1", ABROAD))
    world.tell(report("2", ABROAD))
    pending = queue(http)["pending"]
    assert [one["case"] for one in pending] == ["1", "2"]
    assert pending[0]["age_s"] >= pending[1]["age_s"] >= 0
    assert pending[0]["municipality"] == "Eijsden"


def test_a_proposal_has_no_answer_time(world: World, http: httpx.Client) -> None:
    """Nobody has been asked yet, so no time runs."""
    world.tell(report("1", ABROAD))
    (one,) = queue(http)["pending"]
    assert (one["answer_time"], one["seconds_left"]) == ("none", None)


@pytest.mark.parametrize(("left_s", "said"), [(60, "in_time"), (10, "near"), (-1, "past")])
def test_an_offer_says_where_it_stands(
    world: World, http: httpx.Client, left_s: float, said: str
) -> None:
    """An offer says whether its answer time is near or past, and how many seconds are left."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    shorten(world, notice, left_s)
    (one,) = queue(http)["pending"]
    assert one["answer_time"] == said
    assert one["seconds_left"] <= left_s


def test_an_acceptance_waits_until_the_owner_has_heard(world: World, http: httpx.Client) -> None:
    """An accepted handoff stays in the queue until its owner has received the acceptance."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    answer(http, notice, ACCEPT)
    assert [one["handoff"]["state"] for one in queue(http)["pending"]] == ["accepted"]
    world.deliver()
    assert queue(http)["pending"] == []


def test_an_expired_offer_stays_in_sight(world: World, http: httpx.Client) -> None:
    """An offer that nobody answered is unanswered for as long as its part has no taker."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    shorten(world, notice, -1)
    timekeeping.expire_offers(world.bus)
    found = queue(http)
    assert found["pending"] == []
    assert [one["answer_time"] for one in found["unanswered"]] == ["past"]
    answer(http, notice, ACCEPT)
    assert queue(http)["unanswered"] == []


def test_what_is_not_delivered_names_the_number_to_call(
    hasty: World, hasty_http: httpx.Client
) -> None:
    """An offer that its receiver's room did not take says NOT DELIVERED and whom to call."""
    hasty.ways["BE-ROOM"].away = True
    answer(hasty_http, handoff(hasty, hasty_http), OFFER)
    hasty.deliver()
    (one,) = queue(hasty_http)["pending"]
    owner, receiver = one["deliveries"]
    assert (owner["delivered"], owner["call"]) == (True, None)
    assert receiver["not_delivered"]
    assert receiver["call"]["phone"] == "+32 000 000 002"
    assert receiver["call"]["second_channel"] == "telephone"


def test_what_is_delivered_is_not_shown_yet(world: World, http: httpx.Client) -> None:
    """Delivered and shown are two things: the queue tells them apart."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    world.deliver()
    (one,) = queue(http)["pending"]
    assert all(side["delivered"] and not side["not_delivered"] for side in one["deliveries"])
    assert one["handoff"]["state"] == "delivered"
    assert one["handoff"]["shown_at"] is None


def test_rooms_that_do_not_answer_are_named(world: World, http: httpx.Client) -> None:
    """A room that stopped answering is unreachable, with the time since when."""
    world.pull()
    assert queue(http)["unreachable"] == []
    world.ways["BE-ROOM"].away = True
    world.pull()
    (room,) = queue(http)["unreachable"]
    assert (room["id"], room["reading"]) == ("BE-ROOM", "unreachable")
    assert room["unreachable_since"] is not None


def test_a_room_that_nobody_reads_is_not_called_reachable(http: httpx.Client) -> None:
    """Before any process reads it, nothing is known of a room."""
    rooms = http.get(f"{API}/rooms").json()["items"]
    assert {room["id"]: room["reading"] for room in rooms} == {
        "BE-ROOM": "unread",
        "NL-ROOM": "unread",
    }


def test_a_room_says_what_it_lacks(world: World, http: httpx.Client) -> None:
    """A room shows how many tellings are still to reach it, and since when."""
    world.tell(report("1"))
    rooms = {room["id"]: room for room in http.get(f"{API}/rooms").json()["items"]}
    assert rooms["BE-ROOM"]["undelivered"] == 1
    assert rooms["BE-ROOM"]["undelivered_since"] is not None
    assert rooms["NL-ROOM"]["undelivered"] == 0


def test_a_cut_queue_says_so(world: World, http: httpx.Client) -> None:
    """A queue that is longer than asked for is marked as incomplete."""
    world.tell(report("1", ABROAD), report("2", ABROAD))
    assert queue(http)["complete"]
    cut = http.get(f"{API}/handoffs/queue", params={"limit": 1}).json()
    assert (len(cut["pending"]), cut["complete"]) == (1, False)


def test_a_centre_that_left_the_book_does_not_hide_the_queue(hasty: World) -> None:
    """A handoff of a centre that the book no longer knows is still in the queue."""
    hasty.tell(report("1", ABROAD))
    served = Served(evolve(hasty.bus, book=evolve(hasty.bus.book, centres={})))
    try:
        with served.client() as client:
            (one,) = queue(client)["pending"]
    finally:
        served.stop()
    (delivery,) = one["deliveries"]
    assert (delivery["not_delivered"], delivery["call"]) == (True, None)
