"""Incidents over HTTP: lists, one by its id, and its history."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from gateway_border import INLAND, report
from gateway_world import API, World

from dispatch_bus.domain.codes import CaseStatus


def numbers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["source"]["number"] for one in answer.json()["items"]]


def test_the_incident_recorded_last_comes_first(world: World, http: httpx.Client) -> None:
    """The list begins with what was recorded last."""
    world.tell(report("1"))
    world.tell(report("2"))
    assert numbers(http.get(f"{API}/incidents")) == ["2", "1"]


def test_closed_incidents_are_listed_when_asked_for(world: World, http: httpx.Client) -> None:
    """Only open incidents are listed, unless all are asked for."""
    world.tell(report("1"))
    world.tell(report("1", revision=2, status=CaseStatus.CLOSED))
    assert numbers(http.get(f"{API}/incidents")) == []
    assert numbers(http.get(f"{API}/incidents", params={"show": "all"})) == ["1"]


def test_pages_hold_every_incident_once(world: World, http: httpx.Client) -> None:
    """Following the cursor leads through all incidents, each once, though one time is shared."""
    world.tell(*(report(str(n)) for n in range(7)))
    seen, cursor = [], None
    for _ in range(4):
        page = http.get(
            f"{API}/incidents", params={"limit": 2, "cursor": cursor} if cursor else {"limit": 2}
        )
        seen += numbers(page)
        cursor = page.json()["next"]
    assert cursor is None
    assert sorted(seen) == [str(n) for n in range(7)]


def test_an_incident_is_shown_by_its_id(world: World, http: httpx.Client) -> None:
    """One incident is shown with its part, owner, place and both classifications."""
    (incident,) = world.tell(report("1"))
    shown = http.get(f"{API}/incidents/{incident}").json()
    assert shown["parts"] == [{"discipline": "fire", "owner": "NL-MK-LIM", "former_owner": None}]
    assert shown["report"]["place"]["position"]["lon"] == 5.7
    assert shown["report"]["classification"]["code"] == "B2"
    assert shown["report"]["classification"]["category"] == "fire"
    assert shown["revision"] == shown["decided_revision"] == 1


def test_a_stub_is_shown_without_a_report_and_not_listed(world: World, http: httpx.Client) -> None:
    """An incident of no concern to a neighbour leaves a stub: no report, and on no list."""
    (incident,) = world.tell(report("1", INLAND))
    assert numbers(http.get(f"{API}/incidents")) == []
    assert http.get(f"{API}/incidents/{incident}").json()["report"] is None


@pytest.mark.parametrize("path", ["", "/journal", "/personal?by=a&reason=audit"])
def test_an_unknown_incident_is_not_found(http: httpx.Client, path: str) -> None:
    """An id that is no incident's is answered with 404 and its field, wherever it is used."""
    answer = http.get(f"{API}/incidents/{uuid4()}{path}", headers={"X-Session": "s"})
    assert answer.status_code == 404
    assert answer.json()["field"] == "incident"


def test_the_history_explains_the_decision(world: World, http: httpx.Client) -> None:
    """The history tells in order what happened, with the decision's rule and legal basis."""
    (incident,) = world.tell(report("1"))
    world.seal()
    entries = http.get(f"{API}/incidents/{incident}/journal").json()["items"]
    assert [one["kind"] for one in entries][:3] == [
        "incident.recorded",
        "incident.decided",
        "mirror.opened",
    ]
    assert [one["number"] for one in entries] == sorted(one["number"] for one in entries)
    opened = entries[2]["facts"]
    assert opened["rule"] == "border_zone"
    assert opened["legal_basis"] == "a treaty"


def test_an_entry_that_is_not_sealed_is_not_shown(world: World, http: httpx.Client) -> None:
    """The history shows numbered entries alone."""
    (incident,) = world.tell(report("1"))
    assert http.get(f"{API}/incidents/{incident}/journal").json() == {"items": [], "next": None}


def test_the_history_is_paged_by_number(world: World, http: httpx.Client) -> None:
    """A history cut by its limit goes on after the number that it names."""
    (incident,) = world.tell(report("1"))
    world.seal()
    path = f"{API}/incidents/{incident}/journal"
    whole = http.get(path).json()["items"]
    first = http.get(path, params={"limit": 2}).json()
    rest = http.get(path, params={"after": first["next"]}).json()
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None


def test_a_misspelt_cursor_is_refused(http: httpx.Client) -> None:
    """A cursor that no page has given is refused by name."""
    answer = http.get(f"{API}/incidents", params={"cursor": "page-2"})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


def test_an_id_that_is_no_uuid_is_refused(http: httpx.Client) -> None:
    """An id of another shape is refused by name."""
    answer = http.get(f"{API}/incidents/7")
    assert (answer.status_code, answer.json()["field"]) == (422, "id")
