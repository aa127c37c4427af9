"""What the doctor says of each thing that can be wrong, and that it says nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from dispatch_bus.application.doctor import Finding, Grade, database, machine, processes, rooms
from dispatch_bus.application.doctor import work as stages
from dispatch_bus.application.doctor.finding import span, worst
from dispatch_bus.application.rooms import Reading, RoomView
from dispatch_bus.application.standing import Stage, Standing
from dispatch_bus.store.inspection import Lease, Server
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.processes import Process

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVER = Server(
    version="18.4",
    major=18,
    schema="0002",
    size=2**30,
    settings={"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
    connections=10,
    connections_limit=100,
    writing_since=NOW,
    stuck=0,
)
ROOM = RoomView(
    id="NL-LMS",
    centres=("NL-1",),
    reading=Reading.REACHABLE,
    unreachable_since=None,
    records=1_000,
    last_record_at=NOW,
    undelivered=0,
    undelivered_since=None,
    clock_ahead_s=0.1,
    inbox_waiting=None,
    inbox_full_since=None,
)
STANDING = Standing(
    at=NOW,
    stages=tuple(
        Stage(name=name, waiting=0, oldest_s=0.0) for name in ("decide", "deliver", "seal")
    ),
    rooms=(),
    handoffs=0,
    quarantine={},
    sealer=True,
    entries=1,
    connections=10,
    connections_limit=100,
)


def ago(seconds: float) -> datetime:
    """Return a moment before now."""
    return NOW - timedelta(seconds=seconds)


def process(service: str, **changes: Any) -> Process:
    """Return a process that was just seen."""
    usual: dict[str, Any] = {
        "holder": f"{service}@one:1",
        "service": service,
        "host": "one",
        "pid": 1,
        "version": "1.0.0",
        "zones": "zones-1",
        "clock_ahead_s": 0.0,
        "started_at": ago(60),
        "seen_at": NOW,
    }
    return Process(**usual | changes)


EMBEDDED = [process("services"), process("gateway")]


def wrong(findings: Iterable[Finding]) -> list[tuple[Grade, str]]:
    """Return what is not well; each of it says what to do."""
    found = [one for one in findings if one.grade is not Grade.OK]
    assert all(one.remedy for one in found)
    return [(one.grade, one.what) for one in found]


def test_a_sound_server_is_well() -> None:
    """Version, durability and connections of a usual server need nobody."""
    assert wrong(database.findings(SERVER, NOW)) == []


@pytest.mark.parametrize(
    ("change", "grade", "word"),
    [
        ({"major": 14, "version": "14.2"}, Grade.PROBLEM, "14.2"),
        ({"settings": {"fsync": "off"}}, Grade.PROBLEM, "fsync"),
        ({"settings": {"synchronous_commit": "off"}}, Grade.PROBLEM, "synchronous_commit"),
        ({"connections": 80}, Grade.WARNING, "80 of 100"),
        ({"writing_since": ago(31)}, Grade.WARNING, "31.0 s"),
    ],
)
def test_what_is_wrong_with_a_server_is_named(
    change: dict[str, Any], grade: Grade, word: str
) -> None:
    """Each of these loses data, or will stop the work."""
    ((found, what),) = wrong(database.findings(attrs.evolve(SERVER, **change), NOW))
    assert (found, word in what) == (grade, True)


def test_a_bus_with_all_its_processes_is_well() -> None:
    """The embedded bus runs all services in one process, beside the gateway."""
    assert wrong(processes.findings(EMBEDDED, NOW)) == []


@pytest.mark.parametrize("missing", [*processes.SERVICES, "gateway"])
def test_a_service_that_nobody_runs_is_a_problem(missing: str) -> None:
    """Where services run apart, one of each has to be there."""
    known = [process(name) for name in (*processes.SERVICES, "gateway") if name != missing]
    ((grade, what),) = wrong(processes.findings(known, NOW))
    assert (grade, what) == (Grade.PROBLEM, f"no {missing} is at work")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"seen_at": ago(16)}, "silent for 16.0 s"),
        ({"version": "1.1.0"}, "1.0.0, 1.1.0"),
        ({"zones": "zones-2"}, "zones-1, zones-2"),
        ({"clock_ahead_s": -1.5}, "-1.5 s"),
    ],
)
def test_a_process_that_is_out_of_step_is_warned_of(change: dict[str, Any], word: str) -> None:
    """A frozen process, another version, other zones and a wrong clock are all named."""
    odd = process("coordinator", holder="odd", **change)
    ((grade, what),) = wrong(processes.findings([*EMBEDDED, odd], NOW))
    assert (grade, word in what) == (Grade.WARNING, True)


def test_a_journal_that_nobody_seals_is_a_problem() -> None:
    """A lease that ran out is nobody's."""
    held = Lease(name="pull/NL", holder="a", until=NOW + timedelta(seconds=3))
    over = Lease(name="seal", holder="b", until=ago(1))
    ((grade, what),) = wrong(stages.leases([held, over], NOW))
    assert (grade, what) == (Grade.PROBLEM, "nobody seals the journal")


def test_work_that_flows_is_well() -> None:
    """Nothing waits, nothing was refused, nothing is quarantined."""
    assert wrong(stages.findings(STANDING, 0, 1_000)) == []


@pytest.mark.parametrize("name", ["decide", "deliver", "seal"])
def test_a_stage_that_lags_is_warned_of(name: str) -> None:
    """What has waited for more than ten seconds at a stage is somebody's business."""
    slow = tuple(attrs.evolve(s, oldest_s=11.0 * (s.name == name)) for s in STANDING.stages)
    found = list(stages.findings(attrs.evolve(STANDING, stages=slow), 0, 1_000))
    ((topic, grade),) = [(one.topic, one.grade) for one in found if one.grade is not Grade.OK]
    assert (topic, grade) == (f"stage {name}", Grade.WARNING)


def test_a_full_backlog_is_a_problem() -> None:
    """Intake has stopped then."""
    full = (attrs.evolve(STANDING.stages[0], waiting=1_000), *STANDING.stages[1:])
    ((grade, what),) = wrong(stages.findings(attrs.evolve(STANDING, stages=full), 0, 1_000))
    assert (grade, "paused" in what) == (Grade.PROBLEM, True)


def test_what_waits_for_a_person_is_warned_of() -> None:
    """Quarantined records and refused tellings do not mend themselves."""
    held = attrs.evolve(STANDING, quarantine={"waiting": 3, "replayed": 9})
    found = wrong(stages.findings(held, 2, 1_000))
    assert [what.split()[0] for _, what in found] == ["3", "2"]


@pytest.mark.parametrize(
    ("change", "grade", "word"),
    [
        ({"reading": Reading.UNREAD}, Grade.PROBLEM, "no process reads it"),
        ({"unreachable_since": ago(300)}, Grade.WARNING, "does not answer for 5 min"),
        ({"clock_ahead_s": 3.0}, Grade.WARNING, "+3.0 s"),
        (
            {"inbox_waiting": 9, "inbox_full_since": ago(300)},
            Grade.WARNING,
            "full for 5 min; 9 messages",
        ),
    ],
)
def test_a_room_in_trouble_is_named(change: dict[str, Any], grade: Grade, word: str) -> None:
    """A room that is not read, does not answer or has a wrong clock is somebody's business."""
    ((found, what),) = wrong(rooms.findings([attrs.evolve(ROOM, **change)], NOW))
    assert (found, word in what) == (grade, True)


def test_a_room_that_answers_is_well() -> None:
    """A clock that is a little off is no finding."""
    assert wrong(rooms.findings([ROOM], NOW)) == []


def test_a_data_folder_that_cannot_be_looked_into_is_a_finding() -> None:
    """It is told like all else, and all else is looked at."""
    found = {one.topic: one.grade for one in machine.findings(Path("/" + "x" * 300), [], NOW)}
    assert found == dict.fromkeys(("disk", "keys", "outside"), Grade.PROBLEM)


def test_a_data_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """Neither its disk nor its keys can be looked at."""
    found = list(machine.findings(tmp_path / "nowhere", [], NOW))
    assert [one.topic for one in found if one.grade is Grade.PROBLEM] == ["disk", "keys"]


def test_keys_that_others_can_read_are_a_problem(tmp_path: Path) -> None:
    """The remedy is the keys' own."""
    KeyRing.create(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o755)
    (found,) = [one for one in machine.findings(tmp_path, [], NOW) if one.topic == "keys"]
    assert (found.grade, "chmod 700" in found.remedy) == (Grade.PROBLEM, True)


def test_the_worst_finding_counts() -> None:
    """One problem among many is a problem; nothing at all is well."""
    grades = [Grade.OK, Grade.PROBLEM, Grade.WARNING]
    assert worst(Finding("x", grade, "y") for grade in grades) is Grade.PROBLEM
    assert worst([]) is Grade.OK


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.25, "0.2 s"), (119, "119.0 s"), (300, "5 min"), (90_000, "25 h")]
)
def test_a_length_of_time_is_said_as_people_do(seconds: float, said: str) -> None:
    """Nobody reads 300 seconds."""
    assert span(seconds) == said
