"""A simulated room is a real process with a real HTTP interface."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from rooms.samples import message
from rooms.simulated import Rooms, SimulatedRoom, spec

from dispatch_bus.domain.json import to_json
from dispatch_bus.sdk.simulator.spec import Outage

LONG_S = 20.0


def _records(room: SimulatedRoom, after: int = 0, wait: float = 10) -> dict[str, Any]:
    parameters = {"after": after, "limit": 1000, "wait": wait}
    return dict(room.request("GET", "/records", params=parameters, timeout=LONG_S).json())


def test_a_long_poll_ends_with_the_first_record(simulated_room: Rooms) -> None:
    """Whoever waits at the end of the stream gets the next record, not an empty page."""
    room = simulated_room(rate_per_s=5.0)
    page = _records(room)
    assert _records(room, int(page["cursor"]))["records"]


def test_a_long_poll_without_news_ends_in_time(simulated_room: Rooms) -> None:
    """With nothing new the page is empty and keeps the cursor."""
    room = simulated_room(rate_per_s=1e-9)
    assert _records(room, wait=0.1) == {"cursor": "0", "records": []}


def test_a_killed_room_goes_on_where_it_was(simulated_room: Rooms) -> None:
    """After SIGKILL it has every record that it had shown, and new ones after them."""
    room = simulated_room()
    shown = _records(room)
    room.kill()
    room.start()
    deadline = time.monotonic() + LONG_S
    while len(again := _records(room)["records"]) <= len(shown["records"]):
        assert time.monotonic() < deadline, "no new record came"
    assert again[: len(shown["records"])] == shown["records"]
    cases = [each.id for each in room.log.sent() if each.id.endswith("-0")]
    first_told = list(dict.fromkeys(cases))
    assert first_told == [f"c{n}-0" for n in range(1, len(first_told) + 1)]


def test_a_killed_room_keeps_what_it_has_receipted(simulated_room: Rooms) -> None:
    """A message with a receipt is still known after SIGKILL."""
    room = simulated_room(rate_per_s=1e-9)
    told = {**to_json(message(to="NL-ALL")), "content": {}}
    receipt = room.request("POST", "/notices", json=told).json()
    room.kill()
    room.start()
    assert room.request("POST", "/notices", json=told).json() == receipt


@pytest.mark.parametrize("path", ["/records?limit=1", "/status", "/control"])
def test_nobody_gets_in_without_the_token(simulated_room: Rooms, path: str) -> None:
    """Another token is answered 401 on every path."""
    room = simulated_room()
    method = "POST" if path == "/control" else "GET"
    url, headers = room.settings.options["url"] + path, {"Authorization": "Bearer sesam"}
    assert httpx.request(method, url, headers=headers, trust_env=False).status_code == 401


def test_control_is_closed_unless_it_is_asked_for(simulated_room: Rooms) -> None:
    """A room for demonstrations cannot be told to misbehave."""
    room = simulated_room(control=False)
    assert room.request("POST", "/control", json={"faults": ["down"]}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/records", {"params": {"after": "x", "limit": 1}}),
        ("GET", "/records", {}),
        ("POST", "/confirm", {"json": {}}),
        ("POST", "/confirm", {"content": b"{"}),
        ("POST", "/notices", {"json": [1]}),
    ],
)
def test_a_request_that_is_wrong_is_answered_400(
    simulated_room: Rooms, method: str, path: str, content: dict[str, Any]
) -> None:
    """A misfit is the asker's fault, and is told so."""
    answer = simulated_room().request(method, path, **content)
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_a_room_is_down_in_its_outage_and_works_on(simulated_room: Rooms) -> None:
    """It answers 503 for its span of the scenario, and its cases go on meanwhile."""
    room = simulated_room(outage=Outage(start_s=0, length_s=1.5))
    assert room.request("GET", "/status").status_code == 503
    deadline = time.monotonic() + LONG_S
    while room.request("GET", "/status").status_code == 503:
        assert time.monotonic() < deadline, "the outage does not end"
        time.sleep(0.05)
    assert len(_records(room)["records"]) > 10


@pytest.mark.parametrize(
    ("change", "told"), [({"port": "x"}, "port"), ({"citi": 1}, "unknown field")]
)
def test_a_wrong_specification_is_named(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    """A mistake in the file ends the process with the status for configuration."""
    file = tmp_path / "spec.json"
    file.write_text(json.dumps({**to_json(spec(tmp_path)), **change}))
    command = [sys.executable, "-m", "dispatch_bus.sdk.simulator", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 78
    assert ended.stderr.startswith(told)
