"""Records with a flaw, each through a room's real process into the store, and back out of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from buses.cases import case
from buses.private import PrivateBus, private_bus
from servers.waiting import wait_for

from dispatch_bus.application import board, quarantining
from dispatch_bus.application.bus import Bus
from dispatch_bus.sdk.simulator.malformed import Flaw, flawed
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.quarantine import Quarantined, QuarantineState

pytestmark = pytest.mark.chaos
# Which field is named, and a part of what the room is told to do about it.
REFUSED = {
    Flaw.CUT_SHORT: ("record", "Send"),
    Flaw.NOT_AN_OBJECT: ("record", "Send a JSON object."),
    Flaw.WRONG_TYPES: ("parts", "Send an object"),
    Flaw.NUL: ("notes[0].text", "Remove the NUL character (U+0000)."),
    Flaw.LONE_SURROGATE: ("notes[0].text", "Remove the lone surrogate"),
    Flaw.IMPOSSIBLE_COORDINATE: ("position", "check the position at its source"),
    Flaw.NOT_A_NUMBER: ("record", "Send"),
    Flaw.WRONG_SYSTEM: ("position", "This looks like EPSG:4326"),
    Flaw.HUGE_NARRATIVE: ("notes[0].text", "Shorten it to 100,000 characters"),
    Flaw.FAR_FUTURE: ("times.case_created", "Check the clock"),
    Flaw.NO_OFFSET: ("times.created", "Send a time with its UTC offset"),
    Flaw.NO_NUMBER: ("number", "This field is required."),
    Flaw.UNKNOWN_DISCIPLINE: ("parts.unknown field", "Name one of"),
    Flaw.DEEP_NESTING: ("record", "Send"),
    Flaw.UNKNOWN_TYPE: ("type", "Send one of: case, answer."),
}
ROOM = "NL"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def running() -> Iterator[PrivateBus]:
    """A bus whose rooms send what the tests say."""
    with private_bus() as made:
        for room in made.rooms.values():
            room.start()
        made.start()
        yield made


@pytest.fixture
def bus(running: PrivateBus) -> Iterator[PrivateBus]:
    """The bus, whose books have to balance after each test."""
    yield running
    running.assert_balanced()


def send(bus: PrivateBus, body: dict[str, Any] | str) -> str:
    """Send a record and wait until the room knows it to be stored; return its name."""
    name = f"r-{next(numbers)}"
    room = bus.rooms[ROOM]
    room.send(name, body)
    wait_for(lambda: any(one.id == name and one.confirmed for one in room.log.sent()), name)
    return name


def kept(bus: PrivateBus, name: str) -> Quarantined | None:
    """Return what quarantine holds of a record."""
    listed = board.quarantined(bus.bus, None, None, 200).items
    return next((one for one in listed if one.record == name), None)


def filed(bus: PrivateBus, number: str) -> list[Filed]:
    """Return the incidents under a case number, oldest first."""

    def ask(asked: Bus) -> list[Filed]:
        page = board.incidents(asked, None, 500, open_only=False)
        return sorted(
            (one for one in page.items if one.source.number == number),
            key=lambda one: one.source.generation,
        )

    return ask(bus.bus)


@pytest.mark.parametrize("flaw", list(Flaw))
def test_a_flawed_record_is_quarantined_with_field_and_remedy(bus: PrivateBus, flaw: Flaw) -> None:
    """Quarantine names the field as the room wrote it and says what to send instead."""
    body = flawed(case(bus.settings, ROOM, f"flawed-{flaw}"), flaw)
    found = kept(bus, send(bus, body))

    field, remedy = REFUSED[flaw]
    assert found is not None
    assert found.field == field
    assert remedy in found.remedy
    assert quarantining.consult(bus.bus, found.id, "test") == body.encode("utf-8", "surrogatepass")


def test_a_good_record_between_flawed_ones_is_filed(bus: PrivateBus) -> None:
    """Five huge records and a good one are more than a page can hold: all are stored."""
    huge = flawed(case(bus.settings, ROOM, "huge"), Flaw.HUGE_NARRATIVE)
    for _ in range(5):
        bus.rooms[ROOM].send(f"huge-{next(numbers)}", huge)
    send(bus, case(bus.settings, ROOM, "after-the-huge-ones"))

    assert filed(bus, "after-the-huge-ones")


def test_a_case_number_used_again_next_year_is_another_incident(bus: PrivateBus) -> None:
    """The same number with a creation more than a year apart does not touch the old incident."""
    now = datetime.now(UTC)
    for days, revision in ((400, 3), (0, 1)):
        created = (now - timedelta(days=days)).isoformat()
        times = {"available": now.isoformat(), "created": created}
        send(bus, case(bus.settings, ROOM, "used-again", times=times, revision=revision))

    old, new = filed(bus, "used-again")
    assert (old.source.generation, new.source.generation) == (1, 2)
    assert old.revision == new.revision == 1


def test_without_revision_numbers_a_change_is_known_by_its_content(bus: PrivateBus) -> None:
    """Told twice it is one revision, changed it is the next."""
    plain = case(bus.settings, ROOM, "uncounted", revision=None)
    for body in (plain, plain, {**plain, "hazards": ["UN 1203"]}):
        send(bus, body)

    (found,) = filed(bus, "uncounted")
    assert found.revision == 2


def test_a_mended_record_is_replayed_by_hand(bus: PrivateBus, tmp_path: Path) -> None:
    """A person lists, shows, mends and replays a record, and its incident is filed."""
    body = case(bus.settings, ROOM, "mended")
    name = send(bus, flawed(body, Flaw.WRONG_SYSTEM))
    found = kept(bus, name)
    assert found is not None
    listed = bus.command("quarantine", "list").stdout.decode()
    assert str(found.id) in listed
    assert "position" in listed
    shown = bus.command("quarantine", "show", str(found.id))
    assert json.loads(shown.stdout)["position"]["x"] == 5.69
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(body))
    assert bus.command("quarantine", "replay", str(found.id), "--with", str(mended)).returncode == 0
    wait_for(lambda: kept(bus, name).state is QuarantineState.REPLAYED, "the record is read again")

    assert filed(bus, "mended")[0].source.room == ROOM


def test_a_record_mended_in_vain_waits_with_its_new_reason(bus: PrivateBus, tmp_path: Path) -> None:
    """What is still wrong after a replay is said anew, and the record can be dismissed."""
    name = send(bus, flawed(case(bus.settings, ROOM, "vain"), Flaw.WRONG_SYSTEM))
    found = kept(bus, name)
    assert found is not None
    mended = tmp_path / "mended.json"
    mended.write_text(flawed(case(bus.settings, ROOM, "vain"), Flaw.NO_OFFSET))
    assert bus.command("quarantine", "replay", str(found.id), "--with", str(mended)).returncode == 0
    wait_for(lambda: kept(bus, name).field == "times.created", "the new reason")
    assert bus.command("quarantine", "dismiss", str(found.id)).returncode == 0

    assert kept(bus, name).state is QuarantineState.DISMISSED
    again = bus.command("quarantine", "replay", str(found.id))
    assert again.returncode == 1
    assert b"Only a record that is waiting can be replayed." in again.stderr


def test_an_unknown_record_is_a_clear_error(bus: PrivateBus) -> None:
    """An id that quarantine does not know ends with status 1 and says where ids are found."""
    answer = bus.command("quarantine", "show", str(UUID(int=1)))

    assert answer.returncode == 1
    assert b"quarantine list" in answer.stderr
