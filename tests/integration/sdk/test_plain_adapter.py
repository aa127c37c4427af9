"""The plain adapter against a simulated room that behaves, and against one that does not."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import attrs
import pytest
from rooms.samples import NOON, message
from rooms.simulated import EPSG, Rooms, SimulatedRoom, free_port, rooms_in
from servers.certificates import Authority

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.message import Message
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import RoomSettings, TooLarge
from dispatch_bus.sdk.calls import Outcome
from dispatch_bus.sdk.process import RoomProcess
from dispatch_bus.sdk.simulator.spec import Behaviour, Fault
from dispatch_bus_plain import PlainAdapter

Adapters = Callable[..., PlainAdapter]
LONG_S = 20.0
SOUND = {
    "type": "case",
    "number": "2026-1",
    "code": "B2",
    "parts": {"fire": "NL-MK-LIM"},
    "times": {"available": NOON.isoformat(), "created": NOON.isoformat()},
}
HUGE_NOTE = {"text": "again and " * 500_000, "language": "en", "at": NOON.isoformat()}


@pytest.fixture
def adapter() -> Iterator[Adapters]:
    """Make adapters; options of the room may be changed by keyword."""
    made: list[PlainAdapter] = []

    def make(settings: RoomSettings, **options: object) -> PlainAdapter:
        options = {**settings.options, **options}
        made.append(PlainAdapter(attrs.evolve(settings, options=options)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def _busy_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedRoom]:
    with rooms_in(tmp_path_factory.mktemp("busy")) as start:
        yield start(behaviour=Behaviour(malformed_share=0))


@pytest.fixture
def busy_room(_busy_room: SimulatedRoom) -> Iterator[SimulatedRoom]:
    """A room with twenty sound cases a second, shared by tests that change nothing in it."""
    yield _busy_room
    _busy_room.control()


def _call_all(plain: PlainAdapter) -> list[Callable[[], object]]:
    return [
        lambda: plain.pull("0", limit=10, wait_s=0),
        lambda: plain.confirm("1"),
        lambda: plain.deliver(message(to="NL-ALL")),
        plain.check,
    ]


@pytest.mark.parametrize("country", EPSG)
def test_a_room_is_pulled_page_by_page(
    simulated_room: Rooms, adapter: Adapters, country: str
) -> None:
    """Pages follow each other after their cursors, and sound records are understood."""
    sound = Behaviour(malformed_share=0)
    plain = adapter(simulated_room(country, behaviour=sound).settings)
    first = plain.pull(None, limit=5, wait_s=10)
    second = plain.pull(first.cursor, limit=5, wait_s=10)
    assert {each.id for each in first.records}.isdisjoint(each.id for each in second.records)
    assert all(isinstance(plain.read(each.raw), Report) for each in first.records)


def test_a_page_pulled_again_is_the_same(busy_room: SimulatedRoom, adapter: Adapters) -> None:
    """The cursor alone says what comes: nothing is lost by asking twice."""
    plain = adapter(busy_room.settings)
    page = plain.pull(None, limit=3, wait_s=10)
    plain.confirm(page.cursor)
    assert plain.pull(None, limit=len(page.records), wait_s=0) == page


def test_a_confirmation_reaches_the_room(simulated_room: Rooms, adapter: Adapters) -> None:
    """The room knows what is stored."""
    room = simulated_room()
    plain = adapter(room.settings)
    page = plain.pull(None, limit=3, wait_s=10)
    plain.confirm(page.cursor)
    assert sum(each.confirmed for each in room.log.sent()) == len(page.records)


def test_a_message_delivered_twice_has_one_receipt(
    simulated_room: Rooms, adapter: Adapters
) -> None:
    """The same message id gets the same receipt and is applied once."""
    room = simulated_room(rate_per_s=1e-9)
    plain = adapter(room.settings)
    assert plain.deliver(message(to="NL-ALL")) == plain.deliver(message(to="NL-ALL"))
    (received,) = room.log.received()
    assert (received.times_received, received.times_applied) == (2, 1)


def test_a_message_for_another_room_is_refused(busy_room: SimulatedRoom, adapter: Adapters) -> None:
    """The room's refusal arrives with its field, value and remedy."""
    plain = adapter(busy_room.settings)
    with pytest.raises(Refused, match=r"to: 'BE-112-LIM' is refused\. Send it to one of: NL-ALL"):
        plain.deliver(message())


def test_several_messages_are_handed_over_at_once(simulated_room: Rooms) -> None:
    """Each gets its own receipt, and the room has every one of them."""
    room = simulated_room(rate_per_s=1e-9)
    names = {f"m-{number}" for number in range(1, 9)}
    receipts = _hand_over(room, [message(name, to="NL-ALL") for name in names])
    told = {name: getattr(each, "reference", each) for name, each in receipts.items()}
    assert told == {name: name for name in names}
    assert {taken.id for taken in room.log.received()} == names


def _hand_over(room: SimulatedRoom, waiting: list[Message]) -> dict[str, Outcome]:
    process = RoomProcess(room.settings, "plain", role="deliver")
    receipts: dict[str, Outcome] = {}
    with closing(process), process.deliveries(deadline_s=LONG_S) as calls:
        while waiting or calls.in_flight:
            sent = calls.free
            calls.send(waiting[:sent])
            waiting = waiting[sent:]
            receipts |= dict(calls.collect(LONG_S))
    return receipts


def test_a_room_says_how_it_is(busy_room: SimulatedRoom, adapter: Adapters) -> None:
    """Its name and its clock."""
    status = adapter(busy_room.settings).check()
    assert status.name == "Simulated control room NL"
    assert status.clock > NOON


def test_a_delivery_that_times_out_was_taken_all_the_same(
    simulated_room: Rooms, adapter: Adapters
) -> None:
    """It fails for now; tried again it gets the receipt of the first time."""
    room = simulated_room(rate_per_s=1e-9)
    plain = adapter(room.settings, timeout_s=0.5)
    room.control(Fault.LATE_RECEIPT)
    with pytest.raises(Retry, match=r"did not answer POST /notices in 0\.5 s"):
        plain.deliver(message(to="NL-ALL"))
    room.control()
    (taken,) = room.log.received()
    assert plain.deliver(message(to="NL-ALL")).received == taken.received


FAULTS = [
    (Fault.DOWN, "the room answered 503 instead of 200"),
    (Fault.SERVER_ERROR, "the room answered 500 instead of 200"),
    (Fault.REDIRECT, "the room answered 307 instead of 200"),
    (Fault.WRONG_TYPE, "the room answered with text/html; charset=utf-8, not with JSON"),
    (Fault.HANG_ON_PULL, r"the room did not answer GET /records in 0\.5 s"),
    (Fault.HALF_PAGE, "the room is not reached, or broke off"),
    (Fault.NO_CURSOR, "the room's page is incomplete: it has no cursor"),
]


@pytest.mark.parametrize(("fault", "what"), FAULTS)
def test_a_fault_fails_for_now_and_passes(
    busy_room: SimulatedRoom, adapter: Adapters, fault: Fault, what: str
) -> None:
    """Each fault is told in plain words, and the next pull after it works."""
    plain = adapter(busy_room.settings, timeout_s=0.5)
    busy_room.control(fault)
    with pytest.raises(Retry, match=what):
        plain.pull("0", limit=5, wait_s=0)
    busy_room.control()
    patient = adapter(busy_room.settings)
    assert patient.pull("0", limit=5, wait_s=10).records


def test_every_verb_survives_a_room_that_is_gone(adapter: Adapters) -> None:
    """A refused connection fails for now, whatever was asked."""
    url = f"http://127.0.0.1:{free_port()}"
    settings = RoomSettings(id="NL", country="NL", options={"url": url, "token": "t"})
    for call in _call_all(adapter(settings)):
        with pytest.raises(Retry, match=r"off \(ConnectionRefusedError: Connection refused\);"):
            call()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"Jan Jansen, +31 6 12345678\r\n\r\n", "BadStatusLine"),
        (b"HTTP/9.Jansen 200 OK\r\n\r\n", "UnknownProtocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nJan Jansen", "IncompleteRead"),
        (b"", "RemoteDisconnected"),
    ],
)
def test_what_is_no_answer_is_told_without_its_text(
    adapter: Adapters, answer: bytes, kind: str
) -> None:
    """It goes into the log, and what a room sends holds personal data."""
    with _answering(answer) as settings, pytest.raises(Retry, match=rf"off \({kind}\);"):
        adapter(settings).check()


def test_a_wrong_token_fails_for_now(busy_room: SimulatedRoom, adapter: Adapters) -> None:
    """Nothing is lost by it: an operator mends the token."""
    plain = adapter(busy_room.settings, token="sesam")
    for call in _call_all(plain):
        with pytest.raises(Retry, match="the room answered 401"):
            call()


def test_repeated_and_backward_pages_arrive_as_the_room_sent_them(
    busy_room: SimulatedRoom, adapter: Adapters
) -> None:
    """The adapter hides neither: whoever keeps the cursor has to cope."""
    plain = adapter(busy_room.settings)
    first = plain.pull(None, limit=3, wait_s=10)
    second = plain.pull(first.cursor, limit=3, wait_s=10)
    busy_room.control(Fault.REPEAT_PAGE)
    assert plain.pull(second.cursor, limit=3, wait_s=0).records[0].id == second.records[0].id
    busy_room.control(Fault.GO_BACKWARDS)
    assert int(plain.pull(second.cursor, limit=3, wait_s=0).cursor) < int(second.cursor)


@contextmanager
def _answering(
    *answers: bytes,
    after_each: Callable[[], None] = lambda: None,
    heard: Callable[[bytes], None] = lambda _: None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[RoomSettings]:
    """A room that answers one connection each with these bytes, whatever is asked."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                # Who does not trust the room hangs up before it is asked anything.
                with connection, suppress(ssl.SSLError, ConnectionError):
                    line = tls.wrap_socket(connection, server_side=True) if tls else connection
                    heard(line.recv(65536))
                    line.sendall(answer)
                after_each()

        thread = threading.Thread(target=serve)
        thread.start()
        scheme = "https" if tls else "http"
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        yield RoomSettings(id="NL", country="NL", options={"url": url, "token": "t"})
        thread.join()


def test_a_connection_that_the_room_has_closed_is_made_anew(adapter: Adapters) -> None:
    """A room may close what is idle: the next message does not fail for that."""
    hung_up = threading.Semaphore(0)
    answer = _json(b'{"reference": "1", "received": "2026-03-01T12:00:00Z"}')
    with _answering(answer, answer, after_each=hung_up.release) as settings:
        plain = adapter(settings)
        for _ in range(2):
            assert plain.deliver(message()).reference == "1"
            assert hung_up.acquire(timeout=LONG_S)


RECEIPT = b'{"reference": "%d", "received": "2026-03-01T12:00:00Z"}'


@contextmanager
def _keeping(*answers: bytes) -> Iterator[tuple[RoomSettings, list[int]]]:
    """A room that keeps its connections, with what it answers to each request on one of them.

    The list holds how many requests came on each connection.
    """
    requests: list[int] = []

    def serve(line: socket.socket) -> None:
        with line:
            for answer in answers:
                if not line.recv(65536):
                    return
                requests[-1] += 1
                line.sendall(answer)
            line.recv(1)

    def accept() -> None:
        with suppress(OSError):
            while True:
                line, _ = server.accept()
                requests.append(0)
                threading.Thread(target=serve, args=(line,), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield RoomSettings(id="NL", country="NL", options={"url": url, "token": "t"}), requests


@pytest.mark.parametrize("interim", [b"102 Processing", b"103 Early Hints", b"100 Continue"])
def test_what_comes_before_an_answer_is_skipped(adapter: Adapters, interim: bytes) -> None:
    """An interim answer is none, and each message has the receipt that is its own."""
    before = b"HTTP/1.1 %s\r\nLink: </x>\r\n\r\n" % interim
    answers = [before * 2 + _json(RECEIPT % number) for number in range(3)]
    with _keeping(*answers) as (settings, requests):
        plain = adapter(settings)
        assert [plain.deliver(message()).reference for _ in range(3)] == ["0", "1", "2"]
    assert requests == [3]


def test_an_endless_row_of_interim_answers_fails_for_now(adapter: Adapters) -> None:
    """Whatever the room still sends on that connection is nobody's answer."""
    endless = b"HTTP/1.1 102 Processing\r\n\r\n" * 50 + _json(RECEIPT % 1)
    with _keeping(endless, _json(RECEIPT % 2)) as (settings, requests):
        plain = adapter(settings)
        for _ in range(2):
            with pytest.raises(Retry, match="answered 102 instead of 200"):
                plain.deliver(message())
    assert requests == [1, 1]


@pytest.mark.parametrize(
    "status", [b"101 Switching Protocols", b"500 Internal Server Error", b"204 No Content"]
)
def test_a_connection_is_not_used_again_after_an_answer_that_was_not_expected(
    adapter: Adapters, status: bytes
) -> None:
    """What follows on it could be taken for the answer to the next message."""
    with _keeping(_json(b"", status)) as (settings, requests):
        plain = adapter(settings)
        for _ in range(2):
            with pytest.raises(Retry, match=f"answered {status.decode()[:3]} instead of 200"):
                plain.deliver(message())
    assert requests == [1, 1]


def test_a_connection_is_kept_after_a_refusal(adapter: Adapters) -> None:
    """The room has said all it had to say about that message."""
    refusal = _json(b'{"field": "to", "remedy": "None."}', b"422 Unprocessable Content")
    with _keeping(refusal, _json(RECEIPT % 2)) as (settings, requests):
        plain = adapter(settings)
        with pytest.raises(Refused):
            plain.deliver(message())
        assert plain.deliver(message()).reference == "2"
    assert requests == [2]


@pytest.mark.parametrize(("wait_s", "wait"), [(4.5e-05, b"0.000"), (1.0, b"1.000")])
def test_a_wait_is_asked_for_as_a_plain_decimal(
    adapter: Adapters, wait_s: float, wait: bytes
) -> None:
    """A room need not know other ways to write a number."""
    heard: list[bytes] = []
    page = _json(b'{"cursor": "1", "records": []}')
    with _answering(page, heard=heard.append) as settings:
        adapter(settings).pull(None, limit=5, wait_s=wait_s)
    assert heard[0].startswith(b"GET /records?limit=5&wait=%s HTTP/1.1\r\n" % wait)


@pytest.mark.parametrize(("idle_s", "connections"), [(14.0, [2]), (16.0, [1, 1])])
def test_a_connection_that_was_idle_for_long_is_made_anew(
    adapter: Adapters, monkeypatch: pytest.MonkeyPatch, idle_s: float, connections: list[int]
) -> None:
    """What lies between may have forgotten it, and the message would get no answer."""
    now = [100.0]
    monkeypatch.setattr("dispatch_bus_plain.connection.monotonic", lambda: now[0])
    with _keeping(_json(RECEIPT % 1), _json(RECEIPT % 1)) as (settings, requests):
        plain = adapter(settings)
        plain.deliver(message())
        now[0] += idle_s
        plain.deliver(message())
    assert requests == connections


def test_a_line_that_dies_is_noticed(adapter: Adapters, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel asks after a peer that says nothing, and does not wait for it for ever."""
    lines: list[socket.socket] = []
    connect = HTTPConnection.connect
    monkeypatch.setattr(
        HTTPConnection, "connect", lambda line: connect(line) or lines.append(line.sock)
    )
    with _keeping(_json(RECEIPT % 1)) as (settings, _):
        adapter(settings).deliver(message())
        (line,) = lines
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


def test_a_request_leaves_at_once(adapter: Adapters, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its head does not travel alone: two packets would cost both ends twice the work."""
    heard: list[bytes] = []
    sent: list[bytes] = []
    send = HTTPConnection.send
    monkeypatch.setattr(
        HTTPConnection, "send", lambda line, data: sent.append(bytes(data)) or send(line, data)
    )
    answer = _json(b'{"reference": "1", "received": "2026-03-01T12:00:00Z"}')
    with _answering(answer, heard=heard.append) as settings:
        adapter(settings).deliver(message())
    assert sent == heard
    (request,) = heard
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /notices ")
    assert json.loads(body)["id"] == message().id


def test_a_room_behind_tls_is_trusted_by_its_certificate(
    adapter: Adapters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody known vouches for is told nothing."""
    authority = Authority(tmp_path)
    issued = authority.server()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(issued.certificate_file, issued.key_file)
    answer = _json(b'{"reference": "1", "received": "2026-03-01T12:00:00Z"}')
    heard: list[bytes] = []
    with _answering(answer, answer, heard=heard.append, tls=tls) as settings:
        with pytest.raises(Retry, match="unable to get local issuer certificate"):
            adapter(settings).deliver(message())
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
        assert adapter(settings).deliver(message()).reference == "1"
    assert len([one for one in heard if one]) == 1


def _json(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"{", "no JSON, or half of it"),
        (b"[]", "no object"),
        (b'{"cursor": 3, "records": []}', "no cursor"),
        (b'{"cursor": "3"}', "no list of records"),
        (b'{"cursor": "3", "records": [{"body": "{}"}]}', "a record has no id"),
        (b'{"cursor": "3", "records": ["x"]}', "a record has no id"),
        (b"[" * 100_000, "no JSON, or half of it"),
    ],
)
def test_a_page_of_another_shape_fails_for_now(adapter: Adapters, body: bytes, what: str) -> None:
    """It is the page that is wrong, not a record: nothing of it is used."""
    with _answering(_json(body)) as settings, pytest.raises(Retry, match=what):
        adapter(settings).pull(None, limit=1, wait_s=0)


@pytest.mark.parametrize(
    ("body", "raw"),
    [
        (rb'"half a sign \ud83d"', b"half a sign \xed\xa0\xbd"),
        (b'{"number": 1}', b'{"number": 1}'),
        (b"null", b"null"),
    ],
)
def test_a_body_of_any_shape_is_kept_as_bytes(adapter: Adapters, body: bytes, raw: bytes) -> None:
    """A record whose body is no proper text is a record all the same, to be refused alone."""
    page = b'{"cursor": "1", "records": [{"id": "1", "body": %s}]}' % body
    with _answering(_json(page)) as settings:
        plain = adapter(settings)
        (record,) = plain.pull(None, limit=1, wait_s=0).records
    assert record.raw == raw
    with pytest.raises(Refused):
        plain.read(record.raw)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"reference": "", "received": "2026-03-01T12:00:00Z"}', b'{"reference": "1"}']
)
def test_a_receipt_that_is_none_fails_for_now(adapter: Adapters, body: bytes) -> None:
    """Whether the room took the message is not known, so it comes again."""
    with _answering(_json(body)) as settings, pytest.raises(Retry, match="receipt is unusable"):
        adapter(settings).deliver(message())


def test_a_status_that_is_none_fails_for_now(adapter: Adapters) -> None:
    """A room without a clock is not well."""
    with _answering(_json(b'{"name": "x"}')) as settings, pytest.raises(Retry, match="clock"):
        adapter(settings).check()


def test_an_answer_beyond_the_limit_is_not_held(adapter: Adapters) -> None:
    """More than 16 MiB are not read."""
    too_much = _json(b" " * (17 << 20))
    with _answering(too_much[: 16 << 20] + b" " * 4096) as settings, pytest.raises(TooLarge):
        adapter(settings).pull(None, limit=1, wait_s=0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "cad.example"}, "room.NL.options.url"),
        ({"url": None}, "room.NL.options.url"),
        ({"token": 4711}, "room.NL.options.token"),
        ({"timeout_s": 0}, "room.NL.options.timeout_s"),
        ({"retries": 3}, "room.NL.options.retries"),
    ],
)
def test_a_wrong_option_is_named(change: dict[str, object], field: str) -> None:
    """The operator is told which line to mend; a token is not shown."""
    options = {"url": "http://127.0.0.1:1", "token": "t", **change}
    with pytest.raises(Refused) as refusal:
        PlainAdapter(RoomSettings(id="NL", country="NL", options=options))
    assert refusal.value.field == field
    assert "4711" not in str(refusal.value)


def test_a_missing_option_is_named() -> None:
    """No address, no adapter."""
    with pytest.raises(Refused, match=r"room\.NL\.options\.url"):
        PlainAdapter(RoomSettings(id="NL", country="NL", options={"token": "t"}))


def test_a_room_behind_its_process_is_understood(simulated_room: Rooms) -> None:
    """Through the process of its own, a page has meanings and refusals, and a hang is bounded."""
    room: SimulatedRoom = simulated_room()
    process = RoomProcess(room.settings, "plain", role="test")
    page = process.pull(None, limit=50, wait_s=10, deadline_s=LONG_S)
    assert any(isinstance(each.understood, Report) for each in page.records)
    room.control(Fault.HANG_ON_PULL)
    with pytest.raises(Retry, match=r"NL: pull took longer than 0\.5 s and was stopped"):
        process.pull(page.cursor, limit=5, wait_s=0, deadline_s=0.5)
    room.control()
    assert process.pull(page.cursor, limit=5, wait_s=10, deadline_s=LONG_S).records
    process.close()


def test_a_narrative_of_five_megabytes_is_refused_alone() -> None:
    """It passes whole through the adapter's process, and the page goes on."""
    small, huge = json.dumps(SOUND), json.dumps({**SOUND, "notes": [HUGE_NOTE]})
    records = [{"id": str(at), "body": body} for at, body in enumerate([small, huge, small])]
    page = json.dumps({"cursor": "3", "records": records}).encode()
    with _answering(_json(page)) as settings:
        process = RoomProcess(settings, "plain", role="test")
        told = process.pull(None, limit=3, wait_s=0, deadline_s=LONG_S).records
        process.close()
    assert [each.refusal is None for each in told] == [True, False, True]
    assert told[1].raw == huge.encode()
    assert told[1].refusal is not None
    assert told[1].refusal.field == "notes[0].text"
