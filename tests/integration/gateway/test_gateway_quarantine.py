"""Quarantine over HTTP."""

from __future__ import annotations

import base64
from uuid import UUID, uuid4

import httpx
import pytest
from gateway_world import API, World

RAW = b'{"times": "yesterday"}'


@pytest.fixture
def record(world: World, http: httpx.Client) -> str:
    """The id of a record in quarantine."""
    world.tell_nonsense(RAW)
    (one,) = http.get(f"{API}/quarantine").json()["items"]
    found: str = one["id"]
    return found


def kept(http: httpx.Client, **wanted: str) -> list[str]:
    return [one["id"] for one in http.get(f"{API}/quarantine", params=wanted).json()["items"]]


def test_a_record_shows_field_and_remedy_but_not_its_bytes(
    world: World, http: httpx.Client
) -> None:
    """The list names what was wrong and what to do, and keeps the bytes to itself."""
    world.tell_nonsense(RAW)
    answer = http.get(f"{API}/quarantine")
    (one,) = answer.json()["items"]
    assert (one["field"], one["bytes"], one["state"]) == ("times.available", len(RAW), "waiting")
    assert "offset" in one["remedy"]
    assert "yesterday" not in answer.text


def test_a_record_is_dismissed(http: httpx.Client, record: str) -> None:
    """A dismissed record is settled and no longer waits."""
    answer = http.post(f"{API}/quarantine/{record}/dismiss", json={"by": "nl-supervisor"})
    assert (answer.status_code, answer.json()["state"]) == (200, "dismissed")
    assert answer.json()["settled_at"] is not None
    assert kept(http, state="waiting") == []
    assert kept(http, state="dismissed") == [record]


def test_a_record_is_asked_to_be_read_again_with_mended_bytes(
    world: World, http: httpx.Client, record: str
) -> None:
    """A replay is accepted, and what is read then is what a person mended."""
    mended = b'{"times": "2026-03-01T12:00:00+01:00"}'
    body = {"by": "nl-supervisor", "mended": base64.b64encode(mended).decode()}
    answer = http.post(f"{API}/quarantine/{record}/replay", json=body)
    assert (answer.status_code, answer.json()["state"]) == (202, "replaying")
    with world.bus.store.begin() as uow:
        assert uow.quarantine.bytes_of(UUID(record)) == mended


def test_a_settled_record_cannot_be_replayed(http: httpx.Client, record: str) -> None:
    """What is settled stays settled: asking again is a conflict."""
    http.post(f"{API}/quarantine/{record}/dismiss", json={"by": "nl-supervisor"})
    assert http.post(f"{API}/quarantine/{record}/replay", json={"by": "x"}).status_code == 409


@pytest.mark.parametrize("text", ["?", "eyJ9*", "abc"])
def test_bytes_that_are_no_base64_are_refused(http: httpx.Client, record: str, text: str) -> None:
    """Mended bytes that cannot be read are refused by field."""
    answer = http.post(f"{API}/quarantine/{record}/replay", json={"by": "x", "mended": text})
    assert (answer.status_code, answer.json()["field"]) == (422, "mended")


@pytest.mark.parametrize(("act", "body"), [("replay", {"by": "x"}), ("dismiss", {"by": "x"})])
def test_an_unknown_record_is_not_found(http: httpx.Client, act: str, body: dict[str, str]) -> None:
    """An id that is no record's is answered with 404."""
    assert http.post(f"{API}/quarantine/{uuid4()}/{act}", json=body).status_code == 404
