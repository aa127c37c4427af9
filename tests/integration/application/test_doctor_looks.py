"""The doctor before a real database: what it finds of a bus at work, and of one that is not."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from making.values import report
from making.wiring import Desk, MakeBus
from making.world import IN_ZONE

from dispatch_bus.application import announcing
from dispatch_bus.application.announcing import Identity
from dispatch_bus.application.doctor import Finding, Grade, examine
from dispatch_bus.store.outside import Outside


def found(desk: Desk, grade: Grade) -> set[tuple[str, str]]:
    """Return what the doctor finds of one grade."""
    return {(one.topic, one.what) for one in examine(desk.bus) if one.grade is grade}


def topics(findings: list[Finding]) -> set[str]:
    """Return what was looked at."""
    return {one.topic for one in findings}


@pytest.mark.usefixtures("every_postgres")
def test_every_server_is_looked_at(desk: Desk) -> None:
    """Version, schema, settings, stages and quarantine can be asked of each PostgreSQL."""
    assert {"database", "stage decide", "stage deliver", "stage seal", "quarantine"} <= topics(
        examine(desk.bus)
    )
    assert not [what for topic, what in found(desk, Grade.PROBLEM) if topic == "database"]


def test_a_bus_that_nobody_runs_has_problems(desk: Desk) -> None:
    """No process, no sealer, no reader of any room."""
    problems = found(desk, Grade.PROBLEM)
    assert ("leases", "nobody seals the journal") in problems
    assert ("processes", "no coordinator is at work") in problems
    assert {topic for topic, _ in problems} >= {"room NL", "room BE"}


def test_a_bus_at_work_has_none(desk: Desk, another_bus: MakeBus) -> None:
    """With its processes announced, its rooms read and its journal sealed, nothing is left."""
    for service in ("services", "gateway"):
        bus = another_bus(service)
        announcing.announce(bus, Identity(service=service, host="h", pid=1, version="1"), None)
    for room in sorted({one.room for one in desk.bus.book.centres.values() if one.room}):
        desk.gates.setdefault(room, desk.gates["NL"])
        desk.pull(room)
    desk.file(report("C-1", at=IN_ZONE))
    desk.settle()
    desk.entries()
    assert found(desk, Grade.PROBLEM) == set()


def test_a_folder_that_is_not_shared_is_warned_of(desk: Desk, tmp_path: Path) -> None:
    """A restore on that machine would report nothing, though pages were confirmed elsewhere."""
    desk.file(report("C-1", at=IN_ZONE))
    warned = {topic for topic, _ in found(desk, Grade.WARNING)}
    desk.bus = attrs.evolve(desk.bus, outside=Outside(tmp_path / "another machine"))
    told = dict(found(desk, Grade.WARNING))
    assert told["outside"].startswith(f"{tmp_path / 'another machine'} lacks")
    assert "confirmed last to NL:" in told["outside"]
    assert told.keys() - warned == {"outside"}


def test_a_full_backlog_is_found(desk: Desk, tmp_path: Path) -> None:
    """What the intake pauses for is what the doctor names."""
    desk.bus = attrs.evolve(desk.bus, limits=attrs.evolve(desk.bus.limits, backlog=1))
    desk.leave("NL", report("C-1", at=IN_ZONE))
    assert [topic for topic, _ in found(desk, Grade.PROBLEM) if topic == "backlog"]


def test_a_transaction_that_holds_up_the_sealer_is_seen(desk: Desk, another_bus: MakeBus) -> None:
    """A client that has written and does not end is seen with the time when it began."""
    with another_bus("bus-2").store.begin() as writing, desk.bus.store.begin() as uow:
        writing.rooms.get("NL")
        began = uow.inspection.server().writing_since
        assert began is not None
        assert began <= uow.now
