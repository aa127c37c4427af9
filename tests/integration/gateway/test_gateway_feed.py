"""The live feed over HTTP: resumed by number, honest about its age, and soon ended."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any

import httpx
import pytest
from gateway_border import report
from gateway_world import API, TOKEN, Served, World
from servers.waiting import wait_for
from structlog.testing import capture_logs

from dispatch_bus.application import feed
from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.gateway import events as kept
from dispatch_bus.gateway import metrics, stream, tail
from dispatch_bus.store.journal import About


def events(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """Yield each event's fields; a comment is an event with the one field ``comment``."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if not line:
            yield fields
            fields = {}
        else:
            name, _, value = line.partition(": ")
            fields[name or "comment"] = value


def entries(answer: httpx.Response, count: int) -> list[dict[str, str]]:
    """Return the next ``count`` journal entries of a stream."""
    return list(islice((one for one in events(answer) if "id" in one), count))


def follow(http: httpx.Client, count: int, last: int | None = None, **params: int) -> list[int]:
    """Follow the feed for ``count`` entries; return their numbers."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with http.stream("GET", f"{API}/feed", params=params, headers=headers) as answer:
        assert answer.status_code == 200
        return [int(one["id"]) for one in entries(answer, count)]


def beats(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """Yield the fields of each heartbeat."""
    for one in events(answer):
        if "comment" in one:
            yield dict(part.split("=", 1) for part in one["comment"].split())


def write(world: World, count: int, facts: dict[str, Any] | None = None) -> None:
    """Append and seal ``count`` entries."""
    with world.bus.store.begin() as uow:
        for place in range(count):
            happening = Happening(EntryKind.ALARM_RAISED, {"place": place, **(facts or {})})
            uow.journal.append(uow.now, About(correlation="test"), happening)
    world.seal()


def test_an_event_is_an_entry_of_the_journal(world: World, http: httpx.Client) -> None:
    """An event has the journal's number as id, the kind as name and the entry as data."""
    world.tell(report("1"))
    world.seal()
    with http.stream("GET", f"{API}/feed", params={"after": 0}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        (first,) = entries(answer, 1)
    data = json.loads(first["data"])
    assert (first["id"], first["event"]) == ("1", "incident.recorded")
    assert (data["number"], data["kind"]) == (1, "incident.recorded")


def test_the_feed_resumes_after_the_last_event(world: World, http: httpx.Client) -> None:
    """Whoever comes back with its last number misses nothing and gets nothing twice."""
    write(world, 10)
    first = follow(http, 4, after=0)
    write(world, 10)
    assert first + follow(http, 16, last=first[-1]) == list(range(1, 21))


def test_the_last_event_goes_before_the_address(world: World, http: httpx.Client) -> None:
    """A client that reconnects to the address it began with resumes where it was."""
    write(world, 10)
    assert follow(http, 2, last=7, after=1) == [8, 9]


def test_without_a_number_the_feed_begins_now(world: World, http: httpx.Client) -> None:
    """A new client is sent what happens from now on, while it is connected."""
    write(world, 5)
    with http.stream("GET", f"{API}/feed") as answer:
        found = events(answer)
        assert "comment" in next(found)
        write(world, 1)
        assert next(one["id"] for one in found if "id" in one) == "6"


def test_clients_behind_and_at_the_end_see_the_same(world: World, http: httpx.Client) -> None:
    """However far behind it begins, from memory or from the store, each client gets each entry."""
    write(world, 1_200)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(follow, http, 1_300 - n, after=n) for n in (0, 600, 1_150, 1_199)]
        write(world, 100)
        for n, one in zip((0, 600, 1_150, 1_199), found, strict=True):
            assert one.result(60) == list(range(n + 1, 1_301))


@pytest.mark.parametrize(("bound", "most"), [("_IN_MEMORY", 3), ("_BYTES_IN_MEMORY", 1_000)])
def test_who_falls_out_of_memory_is_served_from_the_store(
    world: World,
    served: Served,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    most: int,
) -> None:
    """An entry that memory has let go of comes from the store, without a gap at the seam."""
    monkeypatch.setattr(kept, bound, most)
    with http.stream("GET", f"{API}/feed") as answer:
        found = beats(answer)
        next(found)
        write(world, 40)
        wait_for(lambda: served.app.state.tail._number == 40, "the tail has read all")
        assert 0 < len(served.app.state.tail._latest) < 10
    assert follow(http, 40, after=0) == list(range(1, 41))


def test_big_entries_are_sent_a_few_at_once(
    world: World, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However big entries are, no more are read at once than memory has room for."""
    monkeypatch.setattr(feed, "_MOST_BYTES", 30_000)
    monkeypatch.setattr(kept, "_PIECE", 7_000)
    write(world, 20, {"padding": "x" * 16_000})
    with http.stream("GET", f"{API}/feed", params={"after": 0}) as answer:
        assert [int(one["id"]) for one in entries(answer, 20)] == list(range(1, 21))
        write(world, 20, {"padding": "x" * 16_000})
    assert follow(http, 40, after=0) == list(range(1, 41))


def test_a_piece_is_never_big(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is cut, and small ones go together: nothing is lost or in another place."""
    monkeypatch.setattr(kept, "_PIECE", 10)
    sent = [kept.Event(n, bytes([n]) * size) for n, size in enumerate((3, 3, 25, 10, 1))]
    pieces = list(kept.pieces(sent))
    assert b"".join(pieces) == b"".join(one.text for one in sent)
    assert [len(one) for one in pieces] == [10, 10, 10, 10, 2]


def test_a_number_beyond_the_end_is_refused(world: World, http: httpx.Client) -> None:
    """Numbers that the journal does not have come from another journal: the client is told."""
    write(world, 3)
    answer = http.get(f"{API}/feed", headers={"Last-Event-ID": "4"})
    assert (answer.status_code, answer.json()["field"]) == (422, "after")
    assert "ends at 3" in answer.json()["remedy"]


def test_a_number_that_is_none_is_refused(http: httpx.Client) -> None:
    """A last event id that is no number is refused by name."""
    answer = http.get(f"{API}/feed", headers={"Last-Event-ID": "x"})
    assert (answer.status_code, answer.json()["field"]) == (422, "Last-Event-ID")


def test_a_heartbeat_tells_age_place_and_what_waits(
    world: World, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat says when the journal was read, its last number, and what is not sealed."""
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.1)
    write(world, 3)
    world.tell_nonsense(b"?")
    with http.stream("GET", f"{API}/feed") as answer:
        # The journal is looked at on its own time, so also before the three were sealed.
        sealed = (one for one in beats(answer) if one["number"] != "0")
        beat = next(one for one in sealed if one["unsealed"] != "0")
    assert (beat["number"], beat["unsealed"]) == ("3", "1")
    assert beat["at"].endswith("+00:00")


def test_a_feed_that_cannot_read_falls_silent_and_comes_back(
    served: Served,
    cut: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without its database the feed sends no heartbeat, and with it again it goes on."""
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.2)
    patient = httpx.Timeout(20, read=3)
    with served.client() as http:
        with http.stream("GET", f"{API}/feed", timeout=patient) as answer:
            found = beats(answer)
            next(found)
            cut(True)
            with pytest.raises(httpx.ReadTimeout):
                deque(islice(found, 100), maxlen=0)
        cut(False)
        wait_for(lambda: http.get(f"{API}/rooms").status_code == 200, "the store is back")
        with http.stream("GET", f"{API}/feed") as answer:
            assert next(beats(answer))["number"] == "0"


def test_an_entry_that_cannot_be_read_ends_each_stream(
    world: World, served: Served, http: httpx.Client
) -> None:
    """It is no fault of the gateway: each stream ends whole, and the log says why, once."""
    write(world, 2)
    world.write_nonsense()
    wait_for(lambda: served.app.state.tail._number == 3, "the tail knows where it ends")
    tail._warn.cache_clear()
    before = metrics.FAULTS._value.get()
    with capture_logs() as lines:
        for _ in range(3):
            with http.stream("GET", f"{API}/feed", params={"after": 2}) as answer:
                assert entries(answer, 1) == []
    assert metrics.FAULTS._value.get() == before
    said = [line for line in lines if "cannot be read" in line["event"]]
    assert [line["log_level"] for line in said] == ["warning"]


def test_a_client_that_takes_nothing_is_dropped(
    world: World, impatient: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that stops reading is dropped, with its connection; it costs the others nothing."""
    monkeypatch.setattr(stream, "PATIENCE_S", 0.5)
    before = stream.FEED_DROPPED._value.get()
    write(world, 1_000, {"padding": "x" * 16_000})
    with closing(socket.socket()) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(("127.0.0.1", impatient.port))
        request = f"GET {API}/feed?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        slow.sendall(f"{request}\r\n".encode())
        wait_for(lambda: stream.FEED_DROPPED._value.get() == before + 1, "the client is dropped")
        wait_for(lambda: not impatient.connections, "its connection is closed")


def test_the_feed_ends_when_the_gateway_stops(served: Served, http: httpx.Client) -> None:
    """A gateway that is asked to stop ends its streams whole, well within its grace."""
    with http.stream("GET", f"{API}/feed") as answer:
        found = events(answer)
        next(found)
        with ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(served.stop)
            assert [one for one in found if "id" in one] == []
            stopping.result(20)


def test_the_feed_needs_the_token(served: Served) -> None:
    """Nobody follows the feed without the token."""
    with served.client(token="") as stranger:
        assert stranger.get(f"{API}/feed").status_code == 401


def test_without_a_client_no_entry_is_read(
    world: World, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens while nobody follows is read when somebody asks for it, and not before."""
    read: list[int] = []
    look = feed.look

    def noted(bus: Bus, after: int, limit: int) -> feed.Look:
        read.append(after)
        return look(bus, after, limit)

    monkeypatch.setattr(feed, "look", noted)
    tail.FEED_NUMBER.set(0)
    write(world, 11)
    wait_for(lambda: tail.FEED_NUMBER._value.get() == 11, "the gateway knows where it ends")
    assert read == []
    assert follow(http, 11, after=0) == list(range(1, 12))
    assert read
