"""Processes that die or freeze at random moments under load: nothing is lost, nothing doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from buses.private import PrivateBus, private_bus
from servers.waiting import is_running, wait_for, wait_until_gone

from dispatch_bus.application.board import quarantined
from dispatch_bus.application.sealing import verify_journal

pytestmark = pytest.mark.chaos
VICTIMS = ["services"] * 3 + ["adapter"] * 3 + ["postgres"] * 2 + ["gateway", "supervisor"]
FREEZE_S = 10
# Frozen by us, woken by a process that outlives us: a frozen server would hang whoever stops it.
WAKE = """
import os, signal, sys, time
time.sleep({0})
for pid in map(int, sys.argv[1:]):
    os.kill(pid, signal.SIGCONT)
"""


@pytest.fixture(scope="module")
def bus() -> Iterator[PrivateBus]:
    """A bus whose five rooms open two cases a second each, and send some six records with them."""
    with private_bus(rate_per_s=2.0) as made:
        for room in made.rooms.values():
            room.start()
        made.start()
        made.wait_until_whole()
        yield made


def kill(bus: PrivateBus, victim: str, chance: random.Random) -> None:
    """Kill a victim, and see it come back as another process."""
    if victim == "supervisor":
        bus.kill()
        bus.start()
        return
    pid = chance.choice(bus.adapters()) if victim == "adapter" else bus.pid(victim)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)


def records(bus: PrivateBus) -> int:
    """Count what the rooms know to be stored."""
    return sum(one.confirmed for room in bus.rooms.values() for one in room.log.sent())


def test_a_frozen_database_is_waited_for(bus: PrivateBus) -> None:
    """While PostgreSQL stands still for 10 s the services live on, and no record is blamed."""
    services = bus.pid("services")
    server = psutil.Process(bus.pid("postgres"))
    pids = [server.pid, *(one.pid for one in server.children())]
    watchdog = subprocess.Popen([sys.executable, "-c", WAKE.format(FREEZE_S), *map(str, pids)])
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    watchdog.wait()
    before = records(bus)
    wait_for(lambda: records(bus) > before, "records are stored again")

    assert bus.pid("services") == services
    assert "died" not in bus.words()
    flawed = {one.id for room in bus.rooms.values() for one in room.log.sent() if one.flaw}
    assert {one.record for one in quarantined(bus.bus, None, None, 1_000).items} <= flawed


def test_nothing_is_lost_or_doubled_whoever_dies(bus: PrivateBus) -> None:
    """Ten times one process or all are killed under load, and in the end the books balance."""
    seed = int(os.environ.get("CHAOS_SEED") or time.time())
    print("seed", seed)
    chance = random.Random(seed)
    for victim in chance.sample(VICTIMS, len(VICTIMS)):
        time.sleep(chance.uniform(0.2, 3.0))
        print(f"{time.monotonic():.1f} {victim}", flush=True)
        kill(bus, victim, chance)
        bus.wait_until_whole()
    bus.assert_balanced()
    assert verify_journal(bus.bus).ok
    assert records(bus) > 100
    assert bus.stop() == 0
    assert not any(map(is_running, bus.seen))
