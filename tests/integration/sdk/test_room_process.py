"""An adapter in a process of its own cannot hurt whoever asks it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rooms.installed import install
from rooms.samples import REPORT, message
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.domain.errors import Refused, Retry, Stop
from dispatch_bus.domain.json import to_json
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.process import RoomProcess

GOOD = json.dumps(to_json(REPORT))
Rooms = Callable[..., RoomProcess]
SHORT_S = 0.5
LONG_S = 20.0


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rooms]:
    """Make rooms with the hostile adapter; options say what it does."""
    install(tmp_path, monkeypatch)
    made: list[RoomProcess] = []

    def make(adapter: str = "hostile", **options: object) -> RoomProcess:
        settings = RoomSettings(id="NL", country="NL", options=options)
        made.append(RoomProcess(settings, adapter, role="test"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def _poll(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _handed(process: RoomProcess, told: Message) -> Receipt:
    """Hand one message over; return the receipt, or raise what came instead."""
    with process.deliveries(deadline_s=LONG_S) as calls:
        calls.send([told])
        ((_, outcome),) = calls.collect(LONG_S)
    if isinstance(outcome, Receipt):
        return outcome
    raise outcome


def test_a_page_holds_what_each_record_means_beside_its_bytes(room: Rooms) -> None:
    """A good record is understood, a bad one refused, and both keep their bytes."""
    page = room(records=[GOOD, "{}"]).pull(None, limit=10, wait_s=0, deadline_s=LONG_S)
    assert page.cursor == "2"
    assert [record.raw for record in page.records] == [GOOD.encode(), b"{}"]
    assert page.records[0].understood == REPORT
    assert page.records[1].refusal is not None


def test_all_five_verbs_cross_the_socket(room: Rooms) -> None:
    """What goes in and comes out is what the adapter took and gave."""
    process = room()
    process.confirm("1", deadline_s=LONG_S)
    assert process.read(GOOD.encode(), deadline_s=LONG_S) == REPORT
    assert _handed(process, message("m-7")).reference == "m-7"
    assert process.check(deadline_s=LONG_S).name == f"NL in process {process.pid}"


@pytest.mark.parametrize("deed", ["hang", "burn"])
def test_a_late_adapter_is_stopped(room: Rooms, deed: str) -> None:
    """One that sleeps or burns CPU past its deadline is killed, and the error says so."""
    process = room(pull=deed)
    process.check(deadline_s=LONG_S)
    victim = psutil.Process(process.pid)
    with pytest.raises(Retry, match=r"NL: pull took longer than 0\.5 s and was stopped"):
        process.pull(None, limit=1, wait_s=0, deadline_s=SHORT_S)
    assert not victim.is_running()


@pytest.mark.parametrize("deed", ["die", "leave"])
def test_an_adapter_that_dies_is_named_and_replaced(room: Rooms, deed: str) -> None:
    """The call that it died in fails for now; the next one has another process."""
    process = room(confirm=deed)
    process.check(deadline_s=LONG_S)
    first = process.pid
    with pytest.raises(Retry, match="NL: the adapter's process ended during confirm"):
        process.confirm("1", deadline_s=LONG_S)
    process.check(deadline_s=LONG_S)
    assert process.pid not in (None, first)


def test_a_killed_adapter_is_replaced_at_the_next_call(room: Rooms) -> None:
    """SIGKILL between two calls costs one of them, not the room."""
    process = room()
    process.check(deadline_s=LONG_S)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(Retry):
        process.check(deadline_s=LONG_S)
    assert process.check(deadline_s=LONG_S)


def test_an_adapter_at_rest_has_ended_and_starts_again(room: Rooms) -> None:
    """Whoever asks for rest is told whether it runs no more, and waits for no call."""
    process = room()
    process.check(deadline_s=LONG_S)
    first = psutil.Process(process.pid)
    with process._one_at_a_time(LONG_S):
        assert not process.rest()
        assert first.is_running()
    assert process.rest()
    assert not first.is_running()
    assert process.rest()
    assert process.check(deadline_s=LONG_S)


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("garble", "the adapter's answer to deliver is unusable"),
        ("answer_something_else", "the adapter's answer to deliver is unusable"),
        ("announce_too_much", "a frame has 33,554,433 bytes; 33,554,432 is the limit"),
    ],
)
def test_nonsense_on_the_socket_is_a_failure_for_now(room: Rooms, deed: str, what: str) -> None:
    """A frame that is garbled, too large or of another shape ends the process."""
    process = room(deliver=deed)
    with pytest.raises(Retry, match=what):
        _handed(process, message())
    assert process.pid is None


@pytest.mark.parametrize("deed", ["fail", "recurse", "eat"])
def test_any_other_error_is_a_failure_for_now_without_its_text(room: Rooms, deed: str) -> None:
    """An unexpected error keeps the process, and tells its kind and place but no data."""
    process = room(check=deed)
    process.confirm("1", deadline_s=LONG_S)
    first = process.pid
    with pytest.raises(Retry, match=r"NL: check failed inside the adapter \(\w+Error in") as told:
        process.check(deadline_s=LONG_S)
    assert "Jansen" not in str(told.value)
    assert process.pid == first


def test_a_retry_keeps_its_words_and_its_pause(room: Rooms) -> None:
    """What the adapter says about trying again arrives."""
    with pytest.raises(Retry, match="NL: the room is being serviced") as told:
        room(pull="retry").pull(None, limit=1, wait_s=0, deadline_s=LONG_S)
    assert told.value.after_s == 7.0


def test_a_refusal_keeps_its_field_and_can_be_stored(room: Rooms) -> None:
    """Field, value and remedy cross; NUL and lone surrogates in them do not."""
    with pytest.raises(Refused, match="deadline: '2026' is refused") as told:
        _handed(room(deliver="refuse"), message())
    assert told.value.field == "deadline"
    assert told.value.remedy == "Send \\ud800 no NUL \\x00."


@pytest.mark.parametrize("deed", ["fail", "recurse", "eat", "half"])
def test_a_record_that_breaks_the_reader_is_refused_alone(room: Rooms, deed: str) -> None:
    """An error while reading one record refuses it, and the page goes on."""
    page = room(records=[GOOD, deed, GOOD]).pull(None, limit=9, wait_s=0, deadline_s=LONG_S)
    assert [record.refusal is None for record in page.records] == [True, False, True]
    assert page.records[1].raw == deed.encode()


@pytest.mark.parametrize("deed", ["burn", "die"])
def test_a_record_that_stops_the_process_is_refused_alone(room: Rooms, deed: str) -> None:
    """A record that burns CPU for ever or ends the process does not block its page."""
    page = room(records=[GOOD, deed, GOOD]).pull(None, limit=9, wait_s=0, deadline_s=LONG_S)
    assert [record.refusal is None for record in page.records] == [True, False, True]
    assert "took longer than 2 s" in str(page.records[1].refusal)


@pytest.mark.parametrize("deed", ["burn", "die", "garble", "answer_something_else"])
def test_a_record_read_again_that_breaks_the_reader_is_refused(room: Rooms, deed: str) -> None:
    """After two attempts the record is to blame, and the next one is read."""
    process = room()
    process.start()
    with pytest.raises(Refused, match=r"took longer than 0\.5 s, ended the adapter or gave"):
        process.read(deed.encode(), deadline_s=SHORT_S)
    assert process.read(GOOD.encode(), deadline_s=LONG_S) == REPORT


def test_an_adapter_that_does_not_start_says_nothing_about_a_record(room: Rooms) -> None:
    """The record stays as it is until somebody can read it."""
    with pytest.raises(Retry):
        room(start="die").read(GOOD.encode(), deadline_s=SHORT_S)


def test_a_page_that_no_frame_holds_is_asked_for_in_halves(room: Rooms) -> None:
    """Too large a page is pulled again with fewer records until it fits."""
    process = room(records=["{}"] * 8, size=7_000_000)
    page = process.pull(None, limit=8, wait_s=0, deadline_s=LONG_S)
    assert (page.cursor, len(page.records)) == ("2", 2)


def test_a_record_that_no_frame_holds_is_named_by_its_size(room: Rooms) -> None:
    """One record above the limit fails for now, and says how large the frame was."""
    process = room(records=["{}"], size=30_000_000)
    with pytest.raises(Retry, match=r"NL: a frame has 40,000,\d+ bytes"):
        process.pull(None, limit=8, wait_s=0, deadline_s=LONG_S)


def test_an_unknown_adapter_stops_and_lists_the_known_ones(room: Rooms) -> None:
    """A misspelt adapter is the operator's to mend."""
    with pytest.raises(Stop, match=r"'plian' is not installed\. .* hostile, .*plain"):
        room("plian").check(deadline_s=LONG_S)


@pytest.mark.parametrize("adapter", ["no-adapter", "gone"])
def test_an_adapter_that_cannot_be_loaded_stops(room: Rooms, adapter: str) -> None:
    """An entry point that names no adapter, or no module, is the operator's to mend."""
    with pytest.raises(Stop, match=f"'{adapter}'"):
        room(adapter).check(deadline_s=LONG_S)


def test_an_adapter_that_cannot_be_made_is_a_failure_without_its_text(room: Rooms) -> None:
    """An error in the adapter's constructor may quote credentials: only its place is told."""
    with pytest.raises(Retry, match="'hostile' cannot be made") as told:
        room(start="fail").check(deadline_s=LONG_S)
    assert "Jansen" not in str(told.value)


def test_a_refused_option_is_no_refusal_of_the_message(room: Rooms) -> None:
    """The room has not been asked, so the message goes out again; the option is named."""
    with pytest.raises(Retry, match="NL: deadline is refused") as told:
        _handed(room(start="refuse"), message())
    assert "2026" not in str(told.value)


def test_a_start_names_the_option_that_is_refused(room: Rooms) -> None:
    """Whoever only tries a room's options learns which one its adapter does not take."""
    with pytest.raises(Refused, match="deadline: '2026' is refused"):
        room(start="refuse").start()


def test_a_started_adapter_keeps_its_process(room: Rooms) -> None:
    """The first call after a start asks the process that is there."""
    process = room()
    process.start()
    first = process.pid
    process.check(deadline_s=LONG_S)
    assert process.pid == first is not None


@pytest.mark.parametrize("deed", [{"start": "stop"}, {"check": "stop"}], ids=["start", "verb"])
def test_an_adapter_cannot_stop_the_bus(room: Rooms, deed: dict[str, str]) -> None:
    """An adapter that wants everything to stop has failed for now, like any other."""
    with pytest.raises(Retry):
        room(**deed).check(deadline_s=LONG_S)


def test_credentials_are_not_on_the_command_line(room: Rooms) -> None:
    """Settings cross the socket; a process list shows the room and the role alone."""
    process = room(token="secret-4711")
    process.check(deadline_s=LONG_S)
    shown = psutil.Process(process.pid)
    assert shown.cmdline()[3:6] == ["dispatch_bus.sdk.host", "NL", "test"]
    assert "secret-4711" not in " ".join([*shown.cmdline(), *shown.environ().values()])


def test_an_adapter_has_no_handle_of_the_bus(room: Rooms, tmp_path: Path) -> None:
    """Nothing that the bus has open is open in the adapter's process."""
    with (tmp_path / "journal").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        process = room()
        process.check(deadline_s=LONG_S)
        opened = [Path(file.path).name for file in psutil.Process(process.pid).open_files()]
    assert "journal" not in opened


def test_close_lets_the_adapter_finish(room: Rooms) -> None:
    """A closed room has no process, and opens again when asked."""
    process = room()
    process.check(deadline_s=LONG_S)
    victim = psutil.Process(process.pid)
    process.close()
    assert not victim.is_running()
    assert process.check(deadline_s=LONG_S)


_PARENT = """
import sys, threading
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.process import RoomProcess
room = RoomProcess(RoomSettings(id="NL", country="NL", options={"pull": sys.argv[1]}), "hostile",
                   role="orphan")
room.check(deadline_s=20)
print(room.pid, flush=True)
room.pull(None, limit=1, wait_s=0, deadline_s=3600)
"""


def test_a_burning_adapter_does_not_outlive_a_killed_bus(room: Rooms) -> None:
    """SIGKILL of the bus ends its adapters, even one that holds its interpreter."""
    command = [sys.executable, "-c", _PARENT, "burn"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        adapter = psutil.Process(int(parent.stdout.readline()))
        _poll(lambda: adapter.cpu_times().user > 0.5)
        parent.kill()
    wait_until_gone(adapter.pid)


def test_what_an_adapter_has_started_does_not_outlive_a_killed_bus(room: Rooms) -> None:
    """SIGKILL of the bus ends the helpers of its adapters with them."""
    command = [sys.executable, "-c", _PARENT, "start_another"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        adapter = psutil.Process(int(parent.stdout.readline()))
        (helper,) = wait_for(adapter.children, "the helper")
        parent.kill()
    wait_until_gone(adapter.pid)
    wait_until_gone(helper.pid)


_THREADED = """
import threading
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.process import RoomProcess
room = RoomProcess(RoomSettings(id="NL", country="NL"), "hostile", role="pool")
first = threading.Thread(target=lambda: room.check(deadline_s=20))
first.start(); first.join()
before = room.pid
room.check(deadline_s=20)
print(before == room.pid)
room.close()
"""


def test_an_adapter_survives_the_thread_that_started_it(room: Rooms) -> None:
    """A thread pool may end the thread of the first call; the process stays."""
    told = subprocess.run([sys.executable, "-c", _THREADED], capture_output=True, check=True)
    assert told.stdout == b"True\n"


_PATCHED = """
import eventlet
eventlet.monkey_patch()
import time
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.process import RoomProcess

def room(name, **options):
    return RoomProcess(RoomSettings(id=name, country="NL", options=options), "hostile", role="g")

order = []
quick, stuck = room("quick"), room("stuck", check="burn")
for each in (quick, stuck):
    each.confirm("1", deadline_s=20)

def ask_stuck():
    try:
        stuck.check(deadline_s=5)
    except Retry as error:
        order.append(error.what)

def ask_quick():
    for _ in range(3):
        quick.check(deadline_s=5)
    order.append("quick")

def take_turns():
    try:
        stuck.check(deadline_s=0.2)
    except Retry as error:
        order.append(error.what)

for thread in [eventlet.spawn(ask) for ask in (ask_stuck, ask_quick, take_turns)]:
    thread.wait()
quick.close()
print(*order, sep="\\n")
"""


def test_a_hanging_room_blocks_no_greenthread(room: Rooms) -> None:
    """Under eventlet's patches one room answers, and times out, while another hangs."""
    told = subprocess.run(
        [sys.executable, "-c", _PATCHED], capture_output=True, text=True, check=False
    )
    assert set(told.stdout.splitlines()[:2]) == {
        "quick",
        "stuck: the adapter was busy for 0.2 s",
    }, told.stderr
    assert told.stdout.splitlines()[2:] == ["stuck: check took longer than 5 s and was stopped"]
