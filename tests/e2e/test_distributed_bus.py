"""The bus as many processes: they share the work, and replace each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from buses.distributed import DistributedBus, distributed_bus
from buses.service_process import ServiceProcess
from buses.undeciding import undecide
from servers.postgres import DatabaseServer
from servers.rabbitmq import RabbitServers
from servers.waiting import wait_for

from dispatch_bus.cli.serve import Service


@pytest.fixture(scope="module")
def bus(postgres_server: DatabaseServer, rabbit_servers: RabbitServers) -> Iterator[DistributedBus]:
    """Two processes of each service at work among five rooms; each test leaves it whole."""
    broker = rabbit_servers.node()
    broker.start()
    with (
        postgres_server.empty_database() as url,
        distributed_bus(url, broker, rate_per_s=1) as made,
    ):
        made.start()
        for room in made.rooms.values():
            room.start()
        yield made
    broker.stop()


@pytest.mark.parametrize(
    ("service", "work"),
    [(Service.COORDINATOR, "decide"), (Service.DELIVERY, "deliver"), (Service.RELAY, "relay")],
)
def test_processes_of_one_service_share_its_work(
    bus: DistributedBus, service: Service, work: str
) -> None:
    """Each of them does some."""
    for process in bus.services[service]:

        def has_done(one: ServiceProcess = process) -> float:
            # What intake has decided is left to the coordinators once more.
            undecide(bus.bus)
            return one.metric("dispatch_bus_work_done_total", work=work)

        wait_for(has_done, f"each {service} does some")


def test_a_room_is_read_by_one_process_alone(bus: DistributedBus) -> None:
    """The other one starts no adapter for it."""
    for room in bus.rooms:
        bus.await_holder(f"pull/{room}")
    # On a busy machine a room changes hands, and its old reader takes a moment to end.
    wait_for(lambda: readers(bus) == len(bus.rooms), "one adapter for each room")


def test_rooms_are_shared_out_among_the_readers(bus: DistributedBus) -> None:
    """Neither has two more than the other."""
    wait_for(lambda: is_shared(bus), "the rooms are shared")


def is_shared(bus: DistributedBus) -> bool:
    """Tell whether all rooms are read, by each process of intake about as many."""
    holders = [bus.holder(f"pull/{room}") for room in bus.rooms]
    counts = [holders.count(process) for process in bus.services[Service.INTAKE]]
    return None not in holders and max(counts) - min(counts) <= 1


def readers(bus: DistributedBus) -> int:
    """Count the adapters that the processes of intake run."""
    return sum(len(process.adapters()) for process in bus.services[Service.INTAKE])


def test_a_sealer_that_is_killed_is_replaced(bus: DistributedBus) -> None:
    """The other one takes over its lease, and entries get their numbers again."""
    holder = bus.await_holder("seal")
    holder.kill()
    bus.await_holder("seal", other_than=holder)
    bus.await_more("journal")
    holder.start()


def test_a_reader_that_stands_still_is_replaced(bus: DistributedBus) -> None:
    """The other one reads the room; when the first one wakes, they share the rooms again."""
    holder = bus.await_holder("pull/NL")
    frozen = holder.freeze()
    try:
        bus.await_holder("pull/NL", other_than=holder)
        bus.await_more("incident")
    finally:
        frozen.thaw()
    wait_for(lambda: is_shared(bus), "the rooms are shared again")
    bus.await_more("incident")


def test_a_reader_that_ends_well_is_replaced_at_once(bus: DistributedBus) -> None:
    """It gives its rooms back and ends with status 0, its adapters with it."""
    wait_for(lambda: is_shared(bus), "the rooms are shared")
    holder = bus.await_holder("pull/BE")
    # Whoever was just given a room starts its adapter half a second later.
    assert wait_for(holder.adapters, "it reads the room")
    assert holder.stop() == 0
    assert bus.await_holder("pull/BE", other_than=holder) is not holder
    holder.start()


def test_work_goes_on_without_the_broker_and_wakes_again_with_it(bus: DistributedBus) -> None:
    """It is found by looking for it; no process has to be started again."""
    bus.broker.kill()
    delivery = bus.services[Service.DELIVERY][0]
    wait_for(lambda: not delivery.metric("dispatch_bus_broker_up"), "it hears nothing", 120.0)
    bus.await_more("delivery")
    bus.broker.start()
    heard = delivery.metric("dispatch_bus_wakeups_total")
    wait_for(lambda: delivery.metric("dispatch_bus_wakeups_total") > heard, "it hears", 120.0)


def test_nothing_was_lost_and_nothing_happened_twice(bus: DistributedBus) -> None:
    """After all that: the rooms' own logs agree with the journal."""
    bus.assert_balanced()
