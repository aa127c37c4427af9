"""Processes that are kept running together and end together."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from servers import run_supervisor
from servers.waiting import is_running, wait_for, wait_until_gone

from dispatch_bus.cli.supervise import Change, Child, ChildProcess
from dispatch_bus.cli.supervise.watch import Watch
from dispatch_bus.store.embedded import find_running

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
WRITES_ITS_NUMBER = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()))"


class Supervised:
    """A supervisor in a process of its own, with what it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[tuple[str, str]] = []
        self._children: list[dict[str, object]] = []
        self.process: subprocess.Popen[str]

    def child(
        self, name: str, code: str, *arguments: str, grace_s: float = 10.0, ready: str | None = None
    ) -> None:
        """Add a child that runs Python code."""
        self.command(name, [sys.executable, "-c", code, *arguments], grace_s, ready)

    def command(
        self, name: str, command: list[str], grace_s: float = 10.0, ready: str | None = None
    ) -> None:
        """Add a child that runs any command."""
        ready_file = None if ready is None else str(self.folder / ready)
        log = str(self.folder / f"{name}.log")
        self._children.append(
            {"name": name, "command": command, "log": log, "grace_s": grace_s}
            | {"ready_file": ready_file}
        )

    def start(self, postgres: Path | None = None) -> None:
        """Start the supervisor."""
        plan = self.folder / "plan.json"
        data_dir = None if postgres is None else str(postgres)
        plan.write_text(json.dumps({"postgres": data_dir, "children": self._children}))
        self.process = subprocess.Popen(
            [sys.executable, run_supervisor.__file__, str(plan)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def next(self, name: str, state: str) -> dict[str, str]:
        """Read on until process ``name`` has come to ``state``."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            change = self._take_note(line)
            if (change["name"], change["state"]) == (name, state):
                return change
        raise AssertionError(f"{name} was never {state}: {self.end()}")

    def pid_when(self, name: str, state: str) -> int:
        """Read on until process ``name`` has come to ``state``, and return its number."""
        return int(self.next(name, state)["pid"])

    def end(self) -> str:
        """Wait for the end and return what was written to standard error."""
        return self.process.communicate()[1]

    def stop(self, request: int = signal.SIGTERM) -> None:
        """Ask it to stop and see it through to the end."""
        self.process.send_signal(request)
        for line in self.process.communicate()[0].splitlines():
            self._take_note(line)

    def _take_note(self, line: str) -> dict[str, str]:
        change: dict[str, str] = json.loads(line)
        self.seen.append((change["name"], change["state"]))
        return change


@pytest.fixture
def supervised() -> Iterator[Supervised]:
    """A supervisor that is stopped at the end, and all its processes with it."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as folder:
        Path(folder).chmod(0o711)
        made = Supervised(Path(folder))
        # These tests may themselves be run under nohup(1), which the supervisor would inherit.
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield made
        signal.signal(signal.SIGHUP, before)
        made.process.terminate()
        made.process.communicate()


def test_a_killed_child_is_started_again(supervised: Supervised) -> None:
    """A child that dies comes back as a new process, and the reason of its death is reported."""
    supervised.child("bus", SLEEP)
    supervised.start()
    first = supervised.pid_when("bus", "ready")
    os.kill(first, signal.SIGKILL)

    assert supervised.next("bus", "died")["detail"] == "signal SIGKILL"
    assert supervised.pid_when("bus", "ready") != first


def test_a_child_that_ends_by_itself_is_started_again(supervised: Supervised) -> None:
    """Even a child that ends without an error is missed, since it was to run on."""
    supervised.child("bus", "")
    supervised.start()

    assert supervised.next("bus", "died")["detail"] == "exit status 0"
    supervised.next("bus", "starting")


def test_a_child_for_which_no_file_is_left_is_tried_again(tmp_path: Path) -> None:
    """What the machine lacks for now costs a wait, and not the bus."""
    clock = iter(range(1_000))
    seen: list[Change] = []
    watched = ChildProcess(Child("bus", (sys.executable, "-c", SLEEP), tmp_path / "bus.log"))
    watch = Watch(watched, seen.append, lambda: float(next(clock)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        watch.step(may_launch=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [one.state for one in seen] == ["died"]
    assert "Too many open files" in seen[0].detail
    watch.step(may_launch=True)
    assert seen[-1].state == "starting"
    watch.stop()


def test_a_child_ends_although_nobody_can_be_told(tmp_path: Path) -> None:
    """What is told of every state may fail: the disk of a log is full."""

    def tell(change: Change) -> None:
        if change.state == "stopping":
            raise OSError(errno.ENOSPC, "no room")

    watched = ChildProcess(Child("bus", (sys.executable, "-c", SLEEP), tmp_path / "bus.log"))
    watch = Watch(watched, tell, time.monotonic)
    watch.step(may_launch=True)
    with pytest.raises(OSError, match="no room"):
        watch.stop()
    assert watched.exit_status() is not None


def test_a_child_waits_for_those_before_it(supervised: Supervised) -> None:
    """The second child starts only after the first has said that it is ready."""
    report = str(supervised.folder / "ready")
    supervised.child("first", f"{WRITES_ITS_NUMBER}; {SLEEP}", report, ready="ready")
    supervised.child("second", SLEEP)
    supervised.start()
    supervised.next("second", "ready")

    assert supervised.seen == [
        ("first", "starting"),
        ("first", "ready"),
        ("second", "starting"),
        ("second", "ready"),
    ]


def test_nothing_starts_behind_a_child_that_is_not_ready(supervised: Supervised) -> None:
    """A child that never says that it is ready holds back those after it."""
    (supervised.folder / "ready").write_text("1")
    supervised.child("first", SLEEP, ready="ready")
    supervised.child("second", SLEEP)
    supervised.start()
    os.kill(supervised.pid_when("first", "starting"), signal.SIGKILL)
    supervised.next("first", "starting")
    supervised.stop()

    assert {name for name, _ in supervised.seen} == {"first"}
    assert ("first", "ready") not in supervised.seen


def test_of_two_that_die_together_the_second_waits_for_the_first(supervised: Supervised) -> None:
    """What needs a process that is away is not started only to die of that."""
    report = str(supervised.folder / "ready")
    supervised.child("first", f"{WRITES_ITS_NUMBER}; {SLEEP}", report, ready="ready")
    supervised.child("second", SLEEP)
    supervised.start()
    first, second = supervised.pid_when("first", "ready"), supervised.pid_when("second", "ready")
    for pid in (second, first):
        os.kill(pid, signal.SIGKILL)
    supervised.next("second", "ready")

    again = supervised.seen[4:]
    assert again.index(("first", "ready")) < again.index(("second", "starting"))


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_all_stop_in_reverse_order(supervised: Supervised, request_to_stop: int) -> None:
    """Asked to stop in any of three ways, it ends the last child first and itself cleanly."""
    for name in ("one", "two", "three"):
        supervised.child(name, SLEEP)
    supervised.start()
    supervised.next("three", "ready")
    supervised.stop(request_to_stop)

    assert supervised.seen[-6:] == [
        (name, state) for name in ("three", "two", "one") for state in ("stopping", "stopped")
    ]
    assert supervised.process.returncode == 0


def test_a_deaf_child_is_killed_after_its_grace(supervised: Supervised) -> None:
    """A child that does not end when asked is ended by force."""
    supervised.child("deaf", f"{STUBBORN}; {SLEEP}", grace_s=0.1)
    supervised.start()
    pid = supervised.pid_when("deaf", "ready")
    wait_for(lambda: "deaf" in (supervised.folder / "deaf.log").read_text(), "its deafness")
    supervised.stop()

    assert supervised.seen[-1] == ("deaf", "stopped")
    assert not is_running(pid)


def test_status_78_stops_all_with_the_last_words(supervised: Supervised) -> None:
    """A child that says that only a person can help is not started again: all end, and it shows."""
    supervised.child("store", SLEEP)
    supervised.child("bus", "import sys; print('centre NL-MK-X: unknown'); sys.exit(78)")
    supervised.start()
    store = supervised.pid_when("store", "ready")
    message = supervised.end()

    assert supervised.process.returncode == 78
    assert "'bus' stopped for a reason that only a person can mend" in message
    assert "centre NL-MK-X: unknown" in message
    assert not is_running(store)


def test_a_command_that_is_not_there_is_a_clear_stop(supervised: Supervised) -> None:
    """A command that cannot be run at all is named, not tried for ever."""
    supervised.command("bus", ["/nowhere/dispatch-bus"])
    supervised.start()

    assert "/nowhere/dispatch-bus cannot be run: No such file or directory." in supervised.end()
    assert supervised.process.returncode == 78


def test_nothing_outlives_a_killed_supervisor(supervised: Supervised) -> None:
    """SIGKILL of the supervisor ends the database and even a child that ignores SIGTERM."""
    supervised.child("deaf", f"{STUBBORN}; {SLEEP}")
    supervised.start(postgres=supervised.folder / "data")
    pids = [supervised.pid_when("postgres", "ready"), supervised.pid_when("deaf", "ready")]
    supervised.process.kill()

    for pid in pids:
        wait_until_gone(pid)


def test_what_a_dead_child_started_ends_with_it(supervised: Supervised) -> None:
    """A process that a killed child had started is not left behind."""
    starts_another = (
        "import subprocess, sys; "
        f"print(subprocess.Popen([sys.executable, '-c', '{SLEEP}']).pid, flush=True); {SLEEP}"
    )
    supervised.child("bus", starts_another)
    supervised.start()
    log = supervised.folder / "bus.log"
    child = supervised.pid_when("bus", "ready")
    grandchild = int(wait_for(lambda: log.read_text().strip(), "the start of the grandchild"))
    os.kill(child, signal.SIGKILL)

    wait_until_gone(grandchild)


def test_a_killed_database_comes_back_with_its_data(supervised: Supervised) -> None:
    """SIGKILL of the database is repaired while its clients keep running."""
    data_dir = supervised.folder / "data"
    supervised.child("bus", SLEEP)
    supervised.start(postgres=data_dir)
    first = supervised.pid_when("postgres", "ready")
    bus = supervised.pid_when("bus", "ready")
    execute(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(first, signal.SIGKILL)
    supervised.next("postgres", "died")

    assert supervised.pid_when("postgres", "ready") != first
    assert execute(data_dir, "SELECT answer FROM kept") == (42,)
    assert is_running(bus)


def test_a_data_folder_in_use_is_a_clear_stop(supervised: Supervised) -> None:
    """A supervisor over a data folder that another one has ends and says who has it."""
    supervised.start(postgres=supervised.folder / "data")
    supervised.next("postgres", "ready")
    second = subprocess.run(
        [sys.executable, run_supervisor.__file__, str(supervised.folder / "plan.json")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 78
    assert f"process number {supervised.process.pid}" in second.stderr


def execute(data_dir: Path, statement: str) -> object:
    running = find_running(data_dir)
    assert running is not None
    with psycopg.connect(running.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchone() if cursor.description else None
