"""``dispatch-bus journal`` and ``config`` over a running bus."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from buses.cases import case
from buses.private import COMMAND, PrivateBus, private_bus
from servers.waiting import wait_for

from dispatch_bus.application import board
from dispatch_bus.store.embedded import find_running


@pytest.fixture(scope="module")
def bus() -> Iterator[PrivateBus]:
    """A bus that has mirrored one incident, and whose journal a checkpoint covers."""
    with private_bus() as made:
        for room in made.rooms.values():
            room.start()
        made.rooms["NL"].send("r-1", case(made.settings, "NL", "2026-1"))
        made.start()
        wait_for(lambda: (seen := made.glance()) and seen.notices, "the incident is mirrored")
        made.drain()
        yield made


def flip_a_bit(bus: PrivateBus) -> None:
    """Change one bit of the second entry as a forger would: past the trigger that forbids it."""
    running = find_running(bus.data / "postgres")
    assert running is not None
    url = running.url_of("dispatch_bus", "postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE journal SET entry = set_byte(entry, 20, get_byte(entry, 20) # 1) "
            "WHERE number = 2"
        )


def test_the_newest_entries_are_printed(bus: PrivateBus) -> None:
    """``journal tail`` prints as many lines as it is asked for, with their numbers."""
    lines = bus.command("journal", "tail", "-n", "3").stdout.decode().splitlines()
    numbers = [int(line.split()[0]) for line in lines]

    assert len(numbers) == 3
    assert numbers == list(range(numbers[0], numbers[0] + 3))


def test_the_story_of_an_incident_is_printed(bus: PrivateBus) -> None:
    """``journal show`` tells it from its record to its delivery, without personal fields."""
    (incident,) = board.incidents(bus.bus, None, 10, open_only=False).items
    printed = bus.command("journal", "show", str(incident.id)).stdout.decode()

    for kind in ("incident.recorded", "incident.decided", "mirror.opened", "delivery.made"):
        assert kind in printed
    assert "smoke from the roof" not in printed


def test_an_unknown_incident_is_a_clear_error(bus: PrivateBus) -> None:
    """``journal show`` of an id that the bus does not know ends with status 1 and a remedy."""
    answer = bus.command("journal", "show", "00000000-0000-0000-0000-000000000001")

    assert answer.returncode == 1
    assert b"Use the id of an incident on the bus." in answer.stderr


def test_a_changed_byte_is_found(bus: PrivateBus) -> None:
    """``journal verify`` calls the journal whole, and after one changed byte names its entry."""
    whole = bus.command("journal", "verify")
    flip_a_bit(bus)
    broken = bus.command("journal", "verify")
    flip_a_bit(bus)

    assert whole.returncode == 0
    assert b"The journal is whole" in whole.stdout
    assert broken.returncode == 1
    assert b"\n2: " in b"\n" + broken.stdout
    assert b"The journal is broken" in broken.stdout


def kept(bus: PrivateBus, folder: Path, what: str) -> Path:
    """Let a neighbour keep what ``journal checkpoint`` or ``journal key`` hands out."""
    file = folder / what
    answer = bus.command("journal", what, "--out", str(file))
    assert answer.returncode == 0, answer.stderr
    return file


def test_a_neighbour_holds_the_bus_to_what_it_kept(bus: PrivateBus, tmp_path: Path) -> None:
    """``journal verify`` holds a checkpoint and a key from outside against the journal."""
    note, key = kept(bus, tmp_path, "checkpoint"), kept(bus, tmp_path, "key")
    words = ("journal", "verify", "--checkpoint", str(note), "--key", str(key))
    whole = bus.command(*words)
    note.write_bytes(note.read_bytes().replace(b"epoch 1", b"epoch 2"))
    forged = bus.command(*words)

    assert (whole.returncode, forged.returncode) == (0, 1)
    assert b"its signature does not fit its text" in forged.stderr


def test_a_proof_is_checked_without_a_bus(bus: PrivateBus, tmp_path: Path) -> None:
    """``journal verify-proof`` needs the proof, the key and the kept checkpoint, nothing else."""
    note, key = kept(bus, tmp_path, "checkpoint"), kept(bus, tmp_path, "key")
    file = tmp_path / "proof.json"
    bus.command("journal", "prove", "2", "--checkpoint", str(note), "--out", str(file))
    options = ["--key", str(key), "--checkpoint", str(note)]
    command = [str(COMMAND), "journal", "verify-proof", str(file), *options]
    answer = subprocess.run(command, capture_output=True, check=False, timeout=60)

    assert answer.returncode == 0, answer.stderr
    assert b"Entry 2 is in the journal" in answer.stdout


def test_a_running_bus_was_not_restored(bus: PrivateBus) -> None:
    """``journal restored`` is refused while the bus is at work, and changes nothing."""
    answer = bus.command("journal", "restored")

    assert answer.returncode == os.EX_TEMPFAIL
    assert b"in use" in answer.stderr


def test_a_restored_bus_goes_on_in_the_next_epoch(bus: PrivateBus) -> None:
    """``journal restored`` runs over a stopped bus, which then starts with a whole journal."""
    bus.stop()
    answer = bus.command("journal", "restored")
    bus.start()

    assert answer.returncode == 0, answer.stderr
    assert b"epoch 2" in answer.stdout
    assert b"The journal is whole" in bus.command("journal", "verify").stdout
