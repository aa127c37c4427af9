"""Mirrors and handoffs over HTTP, and the answers to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest
from gateway_border import ABROAD, OWNER, RECEIVER, report
from gateway_world import API, World

OFFER = {"kind": "offer", "centre": OWNER, "by": "nl-desk-1"}
ACCEPT = {"kind": "accept", "centre": RECEIVER, "by": "be-desk-1", "case_number": "B-1"}
REFUSE = {"kind": "refuse", "centre": RECEIVER, "by": "be-desk-2", "cause": "no_capacity"}


def handoff(world: World, http: httpx.Client, number: str = "1") -> str:
    """Let an incident abroad be proposed; return the handoff's id."""
    world.tell(report(number, ABROAD))
    found: str = http.get(f"{API}/handoffs", params={"limit": 1}).json()["items"][0]["id"]
    return found


def answer(
    http: httpx.Client, notice: str | UUID, said: dict[str, object], key: str = "k-1"
) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    return http.post(f"{API}/notices/{notice}/answer", json=said, headers=headers)


def found(http: httpx.Client, what: str, **wanted: object) -> int:
    page = http.get(f"{API}/{what}", params=wanted)
    assert page.status_code == 200, page.text
    return len(page.json()["items"])


def test_mirrors_and_handoffs_are_lists_of_their_own(world: World, http: httpx.Client) -> None:
    """A mirror is on the list of mirrors, a handoff on that of handoffs."""
    world.tell(report("1", ABROAD))
    for what, kind in (("mirrors", "mirror"), ("handoffs", "handoff")):
        (one,) = http.get(f"{API}/{what}").json()["items"]
        assert one["kind"] == kind
        assert (one["owner"], one["receiver"]) == (OWNER, RECEIVER)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"centre": OWNER}, 1),
        ({"centre": RECEIVER}, 1),
        ({"state": "opened"}, 1),
        ({"state": "closed"}, 0),
        ({"discipline": "fire"}, 1),
        ({"discipline": "police"}, 0),
        ({"mode": "actual"}, 1),
        ({"mode": "exercise"}, 0),
        ({"centre": OWNER, "mode": "test"}, 0),
    ],
)
def test_a_filter_narrows_the_list(
    world: World, http: httpx.Client, wanted: dict[str, str], count: int
) -> None:
    """Each filter lets through what fits it, and all have to fit."""
    world.tell(report("1"))
    assert found(http, "mirrors", **wanted) == count


def test_a_filter_by_an_unknown_centre_is_refused(http: httpx.Client) -> None:
    """A misspelt centre is refused: an empty list would look like all quiet."""
    refused = http.get(f"{API}/mirrors", params={"centre": "NL-MK-LMI"})
    assert (refused.status_code, refused.json()["field"]) == (422, "centre")


def test_ended_notices_can_be_left_out(world: World, http: httpx.Client) -> None:
    """``show=open`` leaves out what has ended."""
    notice = handoff(world, http)
    answer(http, notice, OFFER | {"kind": "withdraw"})
    assert found(http, "handoffs") == 1
    assert found(http, "handoffs", show="open") == 0


def test_pages_of_notices_hold_each_once(world: World, http: httpx.Client) -> None:
    """Following the cursor leads through all mirrors, each once."""
    world.tell(*(report(str(n)) for n in range(5)))
    first = http.get(f"{API}/mirrors", params={"limit": 3}).json()
    rest = http.get(f"{API}/mirrors", params={"limit": 3, "cursor": first["next"]}).json()
    assert rest["next"] is None
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 5


def test_an_offer_is_accepted(world: World, http: httpx.Client) -> None:
    """The owner offers, the receiver accepts with its own case number."""
    notice = handoff(world, http)
    assert answer(http, notice, OFFER).json()["state"] == "offered"
    accepted = answer(http, notice, ACCEPT).json()
    assert accepted["state"] == "accepted"
    assert accepted["case_number"] == "B-1"
    assert accepted["answered_by"] == "be-desk-1"


def test_the_same_answer_twice_counts_once(world: World, http: httpx.Client) -> None:
    """Sent again with its key, an answer changes nothing and is answered as before."""
    notice = handoff(world, http)
    first, again = (answer(http, notice, OFFER) for _ in range(2))
    assert first.json() == again.json()


def test_another_answer_under_a_used_key_is_not_lost(world: World, http: httpx.Client) -> None:
    """A key that was used for another kind of answer does not hide this one."""
    notice = handoff(world, http)
    answer(http, notice, OFFER, key="k")
    assert answer(http, notice, ACCEPT, key="k").json()["state"] == "accepted"


def test_of_two_racing_answers_one_wins(world: World, http: httpx.Client) -> None:
    """Of an acceptance and a refusal at once one is taken, and the other is told so."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda one: answer(http, notice, one), (ACCEPT, REFUSE)))
    assert sorted(one.status_code for one in said) == [200, 409]


def test_the_loser_is_told_who_has_the_part(world: World, http: httpx.Client) -> None:
    """An answer that comes too late is a conflict whose remedy names who has the part."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    answer(http, notice, ACCEPT)
    late = answer(http, notice, REFUSE)
    assert late.status_code == 409
    assert RECEIVER in late.json()["remedy"]


def test_the_other_side_cannot_answer(world: World, http: httpx.Client) -> None:
    """The owner cannot accept its own offer: that is the receiver's to say."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    assert answer(http, notice, ACCEPT | {"centre": OWNER}).status_code == 409


def test_by_phone_either_side_may_enter_the_answer(world: World, http: httpx.Client) -> None:
    """The owner may enter what the receiver said on the telephone."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    said = answer(http, notice, ACCEPT | {"centre": OWNER, "by_phone": True}).json()
    assert (said["state"], said["by_phone"]) == ("accepted", True)


def test_a_refusal_carries_its_cause(world: World, http: httpx.Client) -> None:
    """A refusal ends the handoff with its cause."""
    notice = handoff(world, http)
    answer(http, notice, OFFER)
    refused = answer(http, notice, REFUSE).json()
    assert (refused["state"], refused["cause"]) == ("refused", "no_capacity")


def test_an_answer_to_nothing_is_not_found(http: httpx.Client) -> None:
    """An id that is no notice's is answered with 404."""
    assert answer(http, uuid4(), ACCEPT).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "maybe"}, "kind"),
        ({"centre": "BE-112-LMI"}, "centre"),
        ({"right_centre": "nowhere"}, "centre"),
        ({"by": " "}, "by"),
        ({"by": "x\x00y"}, "by"),
        ({"by": None}, "by"),
        ({"at": "2026-03-01T12:00:00"}, "at"),
        ({"by_phone": "perhaps"}, "by_phone"),
        ({"urgency": 1}, "urgency"),
    ],
)
def test_a_wrong_answer_is_refused_by_field(
    world: World, http: httpx.Client, change: dict[str, object], field: str
) -> None:
    """An answer with a wrong, missing or unknown field is refused, and the field is named."""
    notice = handoff(world, http)
    refused = answer(http, notice, OFFER | change)
    assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_an_answer_without_a_key_is_refused(world: World, http: httpx.Client) -> None:
    """Without an idempotency key an answer could count twice, so it is refused."""
    notice = handoff(world, http)
    refused = http.post(f"{API}/notices/{notice}/answer", json=OFFER)
    assert (refused.status_code, refused.json()["field"]) == (422, "Idempotency-Key")


def test_a_lone_surrogate_is_refused(world: World, http: httpx.Client) -> None:
    """Text that PostgreSQL cannot take is refused at the edge."""
    notice = handoff(world, http)
    body = '{"kind": "offer", "centre": "NL-MK-LIM", "by": "desk\\ud800"}'
    refused = http.post(
        f"{API}/notices/{notice}/answer",
        content=body,
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "by")
