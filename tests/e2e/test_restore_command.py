"""The loss of a database: a bus that is backed up, goes on, loses everything, and comes back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest
from buses.cases import case
from buses.private import PrivateBus, private_bus
from servers.waiting import wait_for

from dispatch_bus.application.feed import everything
from dispatch_bus.application.sealing import verify_journal


@pytest.fixture(scope="module")
def bus() -> Iterator[PrivateBus]:
    """A bus at work with two of its rooms' cases, the first of which is in its backup."""
    with private_bus() as made:
        for room in made.rooms.values():
            room.start()
        made.start()
        send(made, "2026-1")
        answer = made.command("backup", str(made.data / "bus.backup"))
        assert answer.returncode == 0, answer.stderr
        send(made, "2026-2")
        yield made


def send(bus: PrivateBus, number: str) -> None:
    """Let a room tell a case, and wait until it is told on and confirmed."""
    bus.rooms["NL"].send(number, case(bus.settings, "NL", number))
    wait_for(lambda: number in numbers(bus), f"case {number} is filed", 60.0)
    bus.drain()


def numbers(bus: PrivateBus) -> set[str]:
    """Return the case numbers that the journal tells of."""
    told = bus.ask(lambda asked: list(everything(asked))) or []
    return {one.entry.facts["number"] for one in told if one.entry.kind == "incident.recorded"}


def test_the_doctor_finds_a_bus_at_work_without_problems(bus: PrivateBus) -> None:
    """Its processes, leases, rooms and stages are well; the status says so to a program."""
    answer = bus.command("doctor", "--json")
    told = json.loads(answer.stdout)
    problems = [one for one in told["findings"] if one["grade"] == "problem"]
    assert (problems, answer.returncode < 2) == ([], True)
    topics = {one["topic"] for one in told["findings"]}
    assert {"disk", "keys", "database", "processes", "leases", "room NL", "stage seal"} <= topics


def test_a_bus_comes_back_from_its_backup(bus: PrivateBus) -> None:
    """The report names the pages, the room sends them again, and no number is given twice."""
    before = {one.number for one in everything(bus.bus)}
    bus.stop()
    bus.bus.store.close()
    shutil.rmtree(bus.data / "postgres")
    answer = bus.command("restore", str(bus.data / "bus.backup"))
    assert answer.returncode == 0, answer.stderr
    told = answer.stdout.decode()
    assert "epoch 2" in told
    assert "Confirmed since the backup" in told
    assert "NL" in told.partition("Confirmed since the backup")[2]
    del bus.bus
    bus.start()
    wait_for(lambda: {"2026-1", "2026-2"} <= numbers(bus), "what was lost is sent again", 60.0)
    send(bus, "2026-3")
    journal = list(everything(bus.bus))
    assert before.isdisjoint(one.number for one in journal if one.epoch == 2)
    assert verify_journal(bus.bus).ok
    bus.drain()
    account = bus.account()
    assert account.lost == account.refused == ()
    # What a neighbour was told after the backup is in no journal any more: only it knows of that.
    assert [one.split()[-1] for one in account.duplicated] == ["unannounced"]


def test_nothing_is_restored_over_a_bus_at_work(bus: PrivateBus) -> None:
    """The embedded database is in use then, and stays as it is."""
    answer = bus.command("restore", str(bus.data / "bus.backup"))
    assert answer.returncode == os.EX_TEMPFAIL
    assert b"in use" in answer.stderr or b"already" in answer.stderr, answer.stderr
    assert "2026-3" in numbers(bus)


def test_the_doctor_says_what_to_do_about_a_bus_that_is_stopped(bus: PrivateBus) -> None:
    """Without the database the rest is looked at all the same; the status is that of a problem."""
    bus.stop()
    answer = bus.command("doctor")
    assert answer.returncode == 2
    assert b"dispatch-bus up" in answer.stdout
    assert b"keys" in answer.stdout
