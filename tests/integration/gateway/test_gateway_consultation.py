"""Opening personal fields over HTTP is a consultation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from gateway_border import INLAND, SECRET, report
from gateway_world import API, CONSULT, World

from dispatch_bus.domain.kinds import EntryKind


def consult(
    http: httpx.Client, incident: UUID, session: str = "s-1", **changes: str
) -> httpx.Response:
    path = f"{API}/incidents/{incident}/personal"
    return http.get(path, params=CONSULT | changes, headers={"X-Session": session})


def consultations(world: World, incident: UUID) -> list[dict[str, object]]:
    with world.bus.store.begin() as uow:
        return [dict(one.facts) for one in uow.journal.told(incident, EntryKind.CONSULTED)]


def test_a_consultation_opens_the_personal_fields(world: World, http: httpx.Client) -> None:
    """Who consults an incident is told everything personal, and which revision that is."""
    (incident,) = world.tell(report("1"))
    details = consult(http, incident).json()
    assert details["revision"] == 1
    assert details["personal"]["call_back"] == SECRET
    assert details["personal"]["people"][0]["name"] == SECRET
    assert details["personal"]["address"]["city"] == "Maastricht"
    assert not details["erased"]


def test_a_consultation_is_journalled_with_person_reason_and_revision(
    world: World, http: httpx.Client
) -> None:
    """The journal says who looked, why, and at which revision, but not the session's secret."""
    (incident,) = world.tell(report("1"))
    consult(http, incident, session="secret-session")
    (facts,) = consultations(world, incident)
    assert facts.pop("session") != "secret-session"
    assert facts == {"by": "nl-desk-1", "reason": "dispatch", "revision": 1}


@pytest.mark.parametrize("sealed", [False, True])
def test_looking_again_is_journalled_once(world: World, http: httpx.Client, sealed: bool) -> None:
    """The same person, revision and session is journalled once, sealed already or not."""
    (incident,) = world.tell(report("1"))
    consult(http, incident)
    if sealed:
        world.seal()
    assert consult(http, incident).status_code == 200
    assert len(consultations(world, incident)) == 1


def test_another_person_session_or_revision_is_journalled_again(
    world: World, http: httpx.Client
) -> None:
    """Each person, each session and each revision is a consultation of its own."""
    (incident,) = world.tell(report("1"))
    consult(http, incident)
    consult(http, incident, by="nl-desk-2")
    consult(http, incident, session="s-2")
    world.tell(report("1", revision=2, hazards=("gas",)))
    consult(http, incident)
    assert len(consultations(world, incident)) == 4


def test_without_a_reason_nothing_is_opened(world: World, http: httpx.Client) -> None:
    """A consultation without one of the known reasons is refused and opens nothing."""
    (incident,) = world.tell(report("1"))
    answer = consult(http, incident, reason="curious")
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert SECRET not in answer.text
    assert consultations(world, incident) == []


def test_without_a_session_nothing_is_opened(world: World, http: httpx.Client) -> None:
    """A consultation that names no session is refused."""
    (incident,) = world.tell(report("1"))
    answer = http.get(f"{API}/incidents/{incident}/personal", params=CONSULT)
    assert (answer.status_code, answer.json()["field"]) == (422, "X-Session")


def test_erased_fields_are_said_to_be_erased(world: World, http: httpx.Client) -> None:
    """After the end of retention the answer says so, instead of showing a case without people."""
    (incident,) = world.tell(report("1"))
    world.bus.store.keys.erase(datetime.now(UTC).date())
    details = consult(http, incident).json()
    assert details["erased"]
    assert details["personal"]["people"] == []


def test_a_stub_has_nothing_to_consult(world: World, http: httpx.Client) -> None:
    """Of a stub the bus keeps nothing personal, and says who does."""
    (incident,) = world.tell(report("1", INLAND))
    answer = consult(http, incident)
    assert (answer.status_code, answer.json()["field"]) == (422, "incident")
    assert "room" in answer.json()["remedy"]


def test_a_lost_key_is_no_mistake_of_who_asks(
    world: World, http: httpx.Client, tmp_path: Path
) -> None:
    """An operator has to act: 503, with what to restore."""
    (incident,) = world.tell(report("1"))
    (key,) = (tmp_path / "keys").glob("day-*")
    key.unlink()
    answer = consult(http, incident)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:dispatch-bus:problem:stop"
    assert str(key) in answer.json()["remedy"]
