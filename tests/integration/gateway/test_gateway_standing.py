"""How the bus stands, as Prometheus reads it from the gateway."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from gateway_border import report
from gateway_world import World
from prometheus_client.parser import text_string_to_metric_families

Read = Callable[[str], dict[tuple[str, ...], float]]


@pytest.fixture
def read(http: httpx.Client) -> Read:
    """The samples of one metric by the values of their labels; empty when it is not told."""

    def read(name: str) -> dict[tuple[str, ...], float]:
        families = text_string_to_metric_families(http.get("/metrics").text)
        found = next((one for one in families if one.name == name), None)
        return {tuple(one.labels.values()): one.value for one in found.samples} if found else {}

    return read


def test_each_stage_tells_what_waits(world: World, read: Read) -> None:
    """What was decided and not yet delivered waits at its stages, and for its room."""
    world.tell(report("1"))
    waiting = read("dispatch_bus_stage_waiting")
    assert waiting[("decide",)] == 0
    assert waiting[("deliver",)] == 1
    assert waiting[("seal",)] > 0
    assert read("dispatch_bus_stage_oldest_seconds")[("deliver",)] > 0
    assert read("dispatch_bus_room_undelivered") == {("BE-ROOM",): 1, ("NL-ROOM",): 0}


def test_nothing_waits_when_all_is_done(world: World, read: Read) -> None:
    """After delivering and sealing every stage is empty, and the journal has grown."""
    world.tell(report("1"))
    world.deliver()
    size = world.seal()
    assert set(read("dispatch_bus_stage_waiting").values()) == {0}
    assert set(read("dispatch_bus_stage_oldest_seconds").values()) == {0}
    assert read("dispatch_bus_journal_entries") == {(): size}


def test_a_room_that_is_away_is_down(world: World, read: Read) -> None:
    """A room that does not answer is down, and no other."""
    world.ways["BE-ROOM"].away = True
    world.pull()
    assert read("dispatch_bus_room_up") == {("BE-ROOM",): 0, ("NL-ROOM",): 1}


def test_quarantined_records_are_counted_by_state(world: World, read: Read) -> None:
    """A record that nobody could read waits in the quarantine."""
    world.tell_nonsense(b"nonsense")
    assert read("dispatch_bus_quarantine_records")[("waiting",)] == 1


def test_without_the_database_nothing_old_is_told(cut: Callable[[bool], None], read: Read) -> None:
    """While the database is away it is told to be, and no figure stands as it was."""
    assert read("dispatch_bus_store_up") == {(): 1}
    cut(True)
    assert read("dispatch_bus_store_up") == {(): 0}
    assert read("dispatch_bus_stage_waiting") == {}
    cut(False)
    assert read("dispatch_bus_store_up") == {(): 1}
