"""A disk that fills up while the bus runs: a clear stop, and a clean start with room."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from buses.private import PrivateBus, private_bus
from servers.waiting import wait_until_gone

from dispatch_bus.store.embedded import find_running

pytestmark = pytest.mark.chaos
_DISK = f"size={160 << 20},mode=0711"
# Less than a segment of the write-ahead log, which PostgreSQL cannot go on without.
_LARGEST_FILE = 8_000_000
_TRANSIENT_WAL = "SELECT pg_logical_emit_message(true, '', repeat('x', 16000000))"

Shortage = Callable[[PrivateBus], AbstractContextManager[Callable[[], None]]]


@contextmanager
def small_disk(bus: PrivateBus) -> Iterator[Callable[[], None]]:
    """Start the bus with its database on a small disk; give what makes room on it again."""
    disk = bus.data / "postgres"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", _DISK, "tmpfs", disk], check=True)
    ballast = disk / "ballast"
    try:
        bus.start()
        bus.wait_until_whole()
        bus.note_processes()
        _fill(ballast)
        yield ballast.unlink
    finally:
        bus.close()
        subprocess.run(["umount", disk], check=True)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return


@contextmanager
def small_files(bus: PrivateBus) -> Iterator[Callable[[], None]]:
    """Start the bus, limit the size of the database's files as any user may, and exceed it."""
    bus.start()
    bus.wait_until_whole()
    bus.note_processes()
    running = find_running(bus.data / "postgres")
    assert running is not None
    server = psutil.Process(running.pid)
    for process in (server, *server.children()):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    url = running.url.replace("+psycopg", "")
    with pytest.raises(psycopg.Error), psycopg.connect(url) as connection:
        connection.execute(_TRANSIENT_WAL)
    # The next start is without the limit.
    yield lambda: None


# Root alone may mount a disk, and an ordinary user alone owns the database's processes.
SHORTAGE: Shortage = small_disk if os.geteuid() == 0 else small_files


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    """A bus, not yet started, whose rooms open a case a second each."""
    with private_bus(rate_per_s=1.0) as made:
        for room in made.rooms.values():
            room.start()
        yield made


def test_a_full_disk_is_a_clear_stop_and_room_a_clean_start(bus: PrivateBus) -> None:
    """The bus ends naming the folder and the remedy; with room it starts and has lost nothing."""
    with SHORTAGE(bus) as make_room:
        assert bus.process is not None
        assert bus.process.wait(120) == os.EX_CONFIG
        last = " ".join(bus.words().split())
        assert f"There is no room left for {bus.data}" in last
        assert last.endswith("Make room, then start again: what was confirmed is kept.")
        for pid in bus.seen:
            wait_until_gone(pid)
        make_room()
        bus.start()
        bus.assert_balanced()
        assert bus.stop() == 0
