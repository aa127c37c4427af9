"""What the gateway refuses before anything is asked of the bus, and what it says of failures."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from gateway_border import report
from gateway_world import API, Served, World
from servers.waiting import wait_for
from structlog.testing import capture_logs

from dispatch_bus.gateway import connections, question, tail

LISTS = ("incidents", "mirrors", "handoffs", "handoffs/queue", "rooms", "quarantine")


@pytest.mark.parametrize("path", [*LISTS, f"incidents/{UUID(int=7)}/personal"])
@pytest.mark.parametrize("token", ["", "another-token-of-that-length", "ü"])
def test_without_the_token_nothing_is_told(served: Served, path: str, token: str) -> None:
    """A request without the token, or with another one, is told to sign in and nothing else."""
    with httpx.Client(base_url=served.url) as stranger:
        headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
        answer = stranger.get(f"{API}/{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/health", "/metrics", f"{API}/openapi.json"])
def test_what_machines_ask_needs_no_token_here(served: Served, path: str) -> None:
    """From this machine health, metrics and the API's description need no token."""
    with served.client(token="") as stranger:
        assert stranger.get(path).status_code in {200, 503}


def test_metrics_need_the_token_from_afar(served: Served) -> None:
    """Through a proxy on this machine, a stranger elsewhere does not see the metrics."""
    with served.client(token="") as stranger:
        answer = stranger.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", LISTS)
def test_an_unknown_parameter_is_refused(http: httpx.Client, path: str) -> None:
    """A parameter that is misspelt is refused: the list without it would look complete."""
    answer = http.get(f"{API}/{path}", params={"centr": "NL"})
    assert (answer.status_code, answer.json()["field"]) == (422, "centr")


def test_a_parameter_sent_twice_is_refused(http: httpx.Client) -> None:
    """Of two values for one parameter none is picked in silence."""
    answer = http.get(f"{API}/mirrors?state=opened&state=closed")
    assert (answer.status_code, answer.json()["field"]) == (422, "state")


@pytest.mark.parametrize("limit", ["0", "501", "-1", "many"])
def test_a_limit_out_of_bounds_is_refused(http: httpx.Client, limit: str) -> None:
    """A list is never longer than the gateway can carry, and never silently shorter than asked."""
    answer = http.get(f"{API}/incidents", params={"limit": limit})
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_a_body_beyond_the_limit_is_refused(http: httpx.Client) -> None:
    """A body of more than 1 MiB is refused unread."""
    body = {"mended": "A" * (2**20 + 1)}
    answer = http.post(f"{API}/quarantine/{uuid4()}/replay", json=body)
    assert answer.status_code == 413


def test_a_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    """A body that cannot be read is refused with a problem."""
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = http.post(f"{API}/notices/{uuid4()}/answer", content="{", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:dispatch-bus:problem:refused"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/incidents", 405)]
)
def test_what_does_not_exist_is_a_problem(
    http: httpx.Client, method: str, path: str, status: int
) -> None:
    """An unknown path and a wrong method are answered in the one form."""
    answer = http.request(method, f"{API}{path}")
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_a_database_that_is_away_is_a_matter_of_time(
    http: httpx.Client, cut: Callable[[bool], None]
) -> None:
    """Without its database the gateway says when to try again, and nothing of the database."""
    cut(True)
    answer = http.get(f"{API}/incidents")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "SELECT" not in answer.text
    cut(False)
    assert http.get(f"{API}/incidents").status_code == 200


def test_a_request_that_never_ends_is_ended(served: Served, world: World) -> None:
    """A client that sends its request drop by drop is told that it is late."""
    layers = served.app.middleware_stack
    while type(layers).__name__ != "Deadline":
        layers = layers.__dict__.get("app") or layers.__dict__["_app"]
    layers._limit_s = 0.5
    with closing(socket.create_connection(("127.0.0.1", served.port), timeout=10)) as slow:
        head = f"POST {API}/quarantine/{uuid4()}/dismiss HTTP/1.1\r\nHost: x\r\n"
        slow.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{".encode()
        )
        assert slow.recv(4_096).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("said", ["", "G", "GET /health HTTP/1.1\r\nHost: x\r\n"])
@pytest.mark.parametrize("asked", [0, 2])
def test_a_connection_that_asks_nothing_is_closed(impatient: Served, asked: int, said: str) -> None:
    """Whoever begins no request, the first or another one, keeps nobody else out."""
    whole = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", impatient.port), timeout=20)) as idle:
        idle.sendall(f"{whole * asked}{said}".encode())
        told = b"".join(iter(lambda: idle.recv(4_096), b""))
    assert told.count(b"HTTP/1.1 503 ") == asked
    wait_for(lambda: not impatient.connections, "the connection is gone")


def test_a_request_under_way_keeps_its_connection(
    impatient: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long an answer lasts, it is not cut off for want of another request."""
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.1)
    with impatient.client() as http, http.stream("GET", f"{API}/feed") as answer:
        beats = (line for line in answer.iter_lines() if line.startswith(":"))
        assert len(list(islice(beats, 20))) == 20


def test_a_peer_that_is_gone_is_noticed() -> None:
    """The kernel asks after a silent peer, and gives up one that takes nothing for 30 s."""
    (listener,) = connections.listen("127.0.0.1", 0)
    with listener, closing(socket.create_connection(listener.getsockname())):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_health_names_what_stands_still(http: httpx.Client) -> None:
    """While nobody seals the journal or reads a room, the bus is not well."""
    answer = http.get("/health")
    checks = {one["name"]: one["condition"] for one in answer.json()["checks"]}
    assert answer.status_code == 503
    assert checks == {
        "store": "ok",
        "journal": "failed",
        "backlog": "ok",
        "rooms": "failed",
        "processes": "ok",
    }


def test_health_is_well_when_all_work_is_done(world: World, http: httpx.Client) -> None:
    """With the journal sealed and every room read, the bus is well."""
    world.tell(report("1"))
    world.seal()
    answer = http.get("/health").json()
    assert answer["condition"] == "ok"
    journal = next(one for one in answer["checks"] if one["name"] == "journal")
    assert journal["facts"]["unsealed"] == 0
    assert journal["facts"]["entries"] > 0
    assert journal["facts"]["last_entry_age_s"] >= 0


def test_a_room_that_does_not_answer_degrades_the_bus(world: World, http: httpx.Client) -> None:
    """One unreachable room is for a person's eye, but the bus goes on."""
    world.ways["BE-ROOM"].away = True
    world.pull()
    world.seal()
    answer = http.get("/health")
    assert (answer.status_code, answer.json()["condition"]) == (200, "degraded")


def test_health_answers_without_its_database(
    http: httpx.Client, database_url: str, cut: Callable[[bool], None]
) -> None:
    """Without its database the gateway says so, and nothing of where and as whom it asks."""
    cut(True)
    # This one meets the end of a connection, the next one finds that there is none to be had.
    http.get("/health")
    with capture_logs() as lines:
        answer = http.get("/health")
    assert answer.status_code == 503
    (check,) = answer.json()["checks"]
    assert check == {
        "name": "store",
        "condition": "failed",
        "facts": {"error": "does not answer"},
    }
    name = urlsplit(database_url).path.lstrip("/")
    assert [name in line["reason"] for line in lines if line["log_level"] == "warning"] == [True]


def test_health_fails_when_the_newest_entry_cannot_be_read(
    world: World, http: httpx.Client
) -> None:
    """Whoever watches is told that the bus fails, not that the question was wrong."""
    world.write_nonsense()
    answer = http.get("/health")
    assert (answer.status_code, answer.json()["condition"]) == (503, "failed")
    assert answer.json()["checks"][0]["facts"] == {"error": "holds what cannot be read"}


def test_health_answers_while_its_database_stands_still(
    world: World, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks is told soon, and all who ask take one connection, so that others can work."""
    monkeypatch.setattr(question, "LIMIT_S", 0.01)
    with world.bus.store.begin() as still:
        still._connection.exec_driver_sql("LOCK TABLE journal")
        answers = [http.get("/health") for _ in range(20)]
        (waiting,) = still._connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).one()
    assert {one.status_code for one in answers} == {503}
    assert answers[-1].json()["checks"][0]["facts"] == {"error": "does not answer"}
    # This question, and the feed's.
    assert waiting <= 2


def test_metrics_count_routes_and_not_incidents(http: httpx.Client) -> None:
    """A request is counted under its route: a metric names no incident."""
    incident = uuid4()
    http.get(f"{API}/incidents/{incident}")
    text = http.get("/metrics").text
    assert 'dispatch_bus_gateway_requests_total{method="GET",route="/incidents/{id}"' in text
    assert str(incident) not in text


def test_metrics_name_no_method_that_a_stranger_made_up(served: Served, http: httpx.Client) -> None:
    """Whatever a stranger calls its method, there are no more series than methods."""
    with served.client(token="") as stranger:
        assert stranger.request("AAA1", f"{API}/incidents").status_code == 405
    text = http.get("/metrics").text
    assert 'dispatch_bus_gateway_requests_total{method="other"' in text
    assert "AAA1" not in text


def test_a_name_that_stands_twice_for_one_address_is_listened_on_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where two lines of /etc/hosts say the same."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found * 2)
    (listener,) = connections.listen("named-twice", port)
    listener.close()
