"""Which processes are at work, as each of them says."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest
from making import world
from making.wiring import MakeBus
from servers.waiting import wait_for

from dispatch_bus.application import announcing
from dispatch_bus.application.announcing import Identity, announce, is_stale, leave
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.health import Condition, health
from dispatch_bus.cli.heartbeat import announced
from dispatch_bus.store.processes import Process

ONE = Identity(service="coordinator", host="one", pid=1, version="1.0.0")
OTHER = Identity(service="coordinator", host="other", pid=1, version="1.0.0")


@pytest.fixture
def other(another_bus: MakeBus) -> Bus:
    """Another process of the same bus."""
    return another_bus("bus-2")


def known(bus: Bus) -> list[Process]:
    """Return the processes that are known."""
    with bus.store.begin() as uow:
        return uow.processes.all()


def silent(bus: Bus, host: str, seconds: float) -> None:
    """Let a process have been silent for a while."""
    with bus.store.begin() as uow:
        (process,) = (one for one in uow.processes.all() if one.host == host)
        seen = uow.now - timedelta(seconds=seconds)
        uow.processes.see(attrs.evolve(process, seen_at=seen))


def test_a_process_is_known_once_it_says_so(bus: Bus) -> None:
    """What it is, of which version, with which zones, and that its clock is right."""
    announce(bus, ONE, None)
    (found,) = known(bus)
    assert (found.service, found.version, found.zones) == ("coordinator", "1.0.0", "zones-1")
    assert found.started_at <= found.seen_at
    # Both clocks are this machine's.
    assert abs(found.clock_ahead_s) < 5


def test_a_process_keeps_its_beginning(bus: Bus) -> None:
    """Saying so again moves when it was seen, and not when it started."""
    started = announce(bus, ONE, None)
    announce(bus, ONE, started)
    (found,) = known(bus)
    assert found.started_at == started < found.seen_at


def test_a_process_that_ends_is_forgotten(bus: Bus, other: Bus) -> None:
    """It leaves the others as they are."""
    announce(bus, ONE, None)
    announce(other, OTHER, None)
    leave(bus)
    assert [one.host for one in known(bus)] == ["other"]


def test_a_silent_process_is_stale_and_then_forgotten(bus: Bus, other: Bus) -> None:
    """Who does not speak for three beats is taken for dead or frozen; after a minute it is gone."""
    announce(bus, ONE, None)
    silent(bus, "one", announcing.STALE_S + 1)
    with bus.store.begin() as uow:
        assert is_stale(uow.processes.all()[0], uow.now)
    silent(bus, "one", 61)
    announce(other, OTHER, None)
    assert [one.host for one in known(bus)] == ["other"]


@pytest.mark.parametrize(
    ("version", "condition"), [("1.0.0", Condition.OK), ("1.1.0", Condition.DEGRADED)]
)
def test_health_shows_a_mixture_of_versions(
    bus: Bus, other: Bus, version: str, condition: Condition
) -> None:
    """Two versions side by side are for the time of an upgrade: somebody should look."""
    announce(bus, ONE, None)
    announce(other, attrs.evolve(OTHER, version=version), None)
    (check,) = (one for one in health(bus).checks if one.name == "processes")
    assert check.condition is condition
    assert check.facts["services"] == {"coordinator": 2}


def test_health_shows_a_mixture_of_zones(bus: Bus, other: Bus) -> None:
    """While one process has not taken over an edition yet, somebody should look."""
    atlas = world.Atlas()
    atlas.version = "zones-2"
    announce(bus, ONE, None)
    announce(attrs.evolve(other, geography=atlas), OTHER, None)
    (check,) = (one for one in health(bus).checks if one.name == "processes")
    assert check.condition is Condition.DEGRADED
    assert check.facts["zones"] == {"zones-1": 1, "zones-2": 1}


class Asked(world.Atlas):
    """Geography that notes being told to look for new editions."""

    renewed = False

    def renew(self) -> None:
        """Note it."""
        self.renewed = True


def test_a_process_looks_for_published_zones(another_bus: MakeBus) -> None:
    """Each beat has the geography look for new editions, also where nothing is to be decided."""
    atlas = Asked()
    with announced(attrs.evolve(another_bus(), geography=atlas), "sealer"):
        wait_for(lambda: atlas.renewed, "it looks for zones")


def test_a_process_announces_itself_while_it_works(another_bus: MakeBus) -> None:
    """The heartbeat begins at once and ends with the work."""
    bus = another_bus()
    with announced(bus, "sealer"):
        wait_for(lambda: [one.service for one in known(bus)] == ["sealer"], "it is announced")
    assert known(bus) == []
