"""Wake-ups through a real RabbitMQ: what it holds back, what it lacks, and when it dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from messaging_runs import run, running
from servers.broker_plans import Planned, planned
from servers.certificates import Authority
from servers.ports import free_ports
from servers.rabbitmq import ADMIN, RabbitServer, RabbitServers, Tls
from servers.waiting import wait_for

from dispatch_bus.messaging.admin import items
from dispatch_bus.messaging.admin.comparing import set_up, strays
from dispatch_bus.messaging.topology import UNROUTABLE, WAKE, queue_name

# A busy machine takes longer to agree on TLS than one publish may take.
ATTEMPTS = 5


@pytest.fixture
def world(rabbit_server: RabbitServer) -> Iterator[Planned]:
    """A broker that is set up."""
    with planned(rabbit_server) as made:
        yield made


def bus_of(world: Planned) -> dict[str, Any]:
    """Return the bus's own way to the broker."""
    plan = world.plan
    url = world.server.url(plan.vhost, plan.bus.name)
    return {"nodes": [url], "password": plan.bus.password}


def waiting(world: Planned, queue: str) -> int:
    """Return how many messages a queue of the bus holds."""
    return int(world.broker.get(f"/api/queues/{world.plan.vhost}/{queue}").get("messages", 0))


def refusals(log: Path, times: int = 1, **broker: Any) -> list[str]:
    """Publish so often, and return why that did not work when it did not."""
    with running("publish", str(times), log=log, **broker) as publishing:
        return list(publishing.says()["refusals"])


def remove(world: Planned, path: str) -> None:
    """Remove something of the bus's virtual host."""
    world.server.api("DELETE", f"/api/{path}").raise_for_status()


def test_a_relay_with_nothing_to_tell_keeps_its_connection(world: Planned) -> None:
    """The wake-up after a quiet night is not the one that finds out that the line is gone."""
    assert run("rest", **bus_of(world)).said == {"same": True}


def test_a_relay_with_nothing_to_tell_knows_whether_the_broker_is_there(world: Planned) -> None:
    """Its gauge is right before the first wake-up."""
    assert run("beat", **bus_of(world)).said == {"up": 1.0, "refused": None}
    (port,) = free_ports(1)
    said = run("beat", nodes=[f"amqp://127.0.0.1:{port}"]).said
    assert said["up"] == 0.0
    assert "does not take wake-ups" in said["refused"]


def test_a_relay_whose_wake_ups_are_not_taken_is_not_up(world: Planned) -> None:
    """A connection alone wakes nobody."""
    remove(world, f"exchanges/{world.plan.vhost}/{WAKE}")
    assert run("beat_in_vain", **bus_of(world)).said == {"gauges": [1.0, 0.0, 0.0]}


def test_what_is_no_wake_up_is_kept_whole_and_settled_on_rabbitmq(world: Planned) -> None:
    """More of it than may be unsettled at once; the queue is empty afterwards."""
    said = run("send_nonsense", **bus_of(world)).said
    assert (said["malformed"], said["rung"], said["left"]) == (150.0, 1.0, 0)
    assert said["whole"]


def test_a_publisher_learns_that_there_is_no_exchange(world: Planned, tmp_path: Path) -> None:
    """The reason names it and the command that declares it; it publishes once that is done."""
    remove(world, f"exchanges/{world.plan.vhost}/dispatch-bus.wake")
    (refusal,) = refusals(tmp_path / "log", **bus_of(world))
    assert "no exchange 'dispatch-bus.wake'" in refusal
    assert "dispatch-bus broker setup" in refusal


def test_a_wake_up_that_no_queue_takes_is_set_aside(world: Planned, tmp_path: Path) -> None:
    """The alternate exchange keeps it for whoever looks; the publisher is not held up."""
    remove(world, f"queues/{world.plan.vhost}/{queue_name('decide')}")
    assert refusals(tmp_path / "log", **bus_of(world)) == []
    wait_for(lambda: waiting(world, UNROUTABLE) == 1, "it is set aside")
    (stray,) = strays(world.plan, world.broker)
    assert stray.what == "holds 1 messages that no queue takes"


def test_a_wake_up_that_nobody_takes_at_all_comes_back(world: Planned, tmp_path: Path) -> None:
    """Without its queue and the one for strays, the broker returns it, and that is told."""
    for name in (queue_name("decide"), UNROUTABLE):
        remove(world, f"queues/{world.plan.vhost}/{name}")
    (refusal,) = refusals(tmp_path / "log", **bus_of(world))
    assert "has no queue for 1 wake-ups" in refusal
    assert "dispatch-bus broker setup" in refusal


def test_a_service_without_its_queue_says_so_and_hears_once_there_is_one(
    world: Planned, tmp_path: Path
) -> None:
    """It goes on without wake-ups meanwhile; nobody has to start it again."""
    remove(world, f"queues/{world.plan.vhost}/{queue_name('decide')}")
    with running("listen", log=tmp_path / "log", **bus_of(world)) as listening:
        assert listening.says() == {"called": 1}
        (warning,) = wait_for(lambda: listening.log, "it says what is missing")
        assert "dispatch-bus broker setup" in warning["reason"]
        set_up(world.plan, world.broker)
        wait_for(lambda: listening.log[1:], "wake-ups come again")
        _publish(world, tmp_path)
        assert listening.says() == {"called": 2}


def test_a_service_hears_again_after_the_death_of_the_broker(
    rabbit_servers: RabbitServers, tmp_path: Path
) -> None:
    """Killed and started anew, the broker is found again by who publishes and who listens."""
    node = rabbit_servers.node()
    node.start()
    with (
        planned(node) as world,
        running("listen", log=tmp_path / "log", **bus_of(world)) as listening,
    ):
        assert listening.says() == {"called": 1}
        wait_for(lambda: _readers(world), "it listens")
        node.kill()
        wait_for(lambda: listening.log, "it says that no wake-ups come")
        node.start()
        wait_for(lambda: listening.log[-1]["event"] == "wake-ups come again", "it hears again")
        _publish(world, tmp_path)
        assert listening.says() == {"called": 2}


def test_a_node_that_is_away_is_passed_over(world: Planned, tmp_path: Path) -> None:
    """The first publish meets the dead node, the second one the next."""
    (port,) = free_ports(1)
    told = bus_of(world)
    told["nodes"].insert(0, f"amqp://nobody@127.0.0.1:{port}/nowhere")
    assert len(refusals(tmp_path / "log", times=3, **told)) == 1


def test_a_full_queue_keeps_what_it_has(world: Planned, tmp_path: Path) -> None:
    """Foreign messages wait in it too: nothing runs out, and the publisher is refused instead."""
    path = f"/api/policies/{world.plan.vhost}/wake-ups"
    usual = world.broker.get(path)
    assert "message-ttl" not in usual["definition"]
    full = {**usual["definition"], "max-length": 3}
    world.broker.tell("PUT", path, {**usual, "definition": full})
    wait_for(lambda: _limit(world) == 3, "the limit holds")
    refused = refusals(tmp_path / "log", times=10, **bus_of(world))
    wait_for(lambda: waiting(world, queue_name("decide")) == 10 - len(refused), "the rest is kept")
    assert refused
    assert all(one == "The broker refused 1 wake-ups" for one in refused)


def _limit(world: Planned) -> object:
    path = f"/api/queues/{world.plan.vhost}/{queue_name('decide')}"
    return world.broker.get(path).get("effective_policy_definition", {}).get("max-length")


def _publish(world: Planned, folder: Path) -> None:
    assert refusals(folder / "publishing", **bus_of(world)) == []


def _readers(world: Planned) -> bool:
    path = f"/api/queues/{world.plan.vhost}/{queue_name('decide')}"
    return bool(world.broker.get(path).get("consumers"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def mutual(rabbit_servers: RabbitServers, authority: Authority) -> Iterator[RabbitServer]:
    """A broker that demands a certificate."""
    node = rabbit_servers.node(tls=Tls(authority.ca_file, authority.server()))
    node.start()
    node.make_vhost("bus")
    node.api("PUT", "/api/exchanges/bus/dispatch-bus.wake", json={"type": "fanout"})
    node.api("PUT", "/api/queues/bus/any", json={})
    node.api("POST", "/api/bindings/bus/e/dispatch-bus.wake/q/any", json={})
    yield node
    node.stop()


def over_tls(node: RabbitServer, **files: Path) -> dict[str, Any]:
    """Return an administrator's way to that broker with these files."""
    told = {name: str(path) for name, path in files.items()}
    return {"nodes": [node.tls_url("bus", ADMIN)], "password": node.password, "tls": told}


def test_broker_and_bus_prove_to_each_other_who_they_are(
    mutual: RabbitServer, authority: Authority, tmp_path: Path
) -> None:
    """With the authority's file and a certificate of its own, the bus publishes."""
    mine = authority.client("bus")
    told = over_tls(
        mutual,
        ca_file=authority.ca_file,
        certificate_file=mine.certificate_file,
        key_file=mine.key_file,
    )
    assert len(refusals(tmp_path / "log", ATTEMPTS, **told)) < ATTEMPTS


def test_a_certificate_logs_the_bus_in_without_a_password(
    mutual: RabbitServer, authority: Authority, tmp_path: Path
) -> None:
    """The broker takes the name on it for the user."""
    told = items.user("bus", "").told()
    mutual.api("PUT", "/api/users/bus", json=told).raise_for_status()
    rights = {"configure": "^$", "write": r"^dispatch-bus\.wake$", "read": "^$"}
    mutual.api("PUT", "/api/permissions/bus/bus", json=rights).raise_for_status()
    mine = authority.client("bus")
    files = {
        "ca_file": str(authority.ca_file),
        "certificate_file": str(mine.certificate_file),
        "key_file": str(mine.key_file),
    }
    login = {"nodes": [mutual.tls_url("bus", "bus")], "tls": files}
    assert len(refusals(tmp_path / "log", ATTEMPTS, **login)) < ATTEMPTS


def test_a_bus_without_a_certificate_is_refused(
    mutual: RabbitServer, authority: Authority, tmp_path: Path
) -> None:
    """The broker ends the connection, and nothing is published."""
    told = over_tls(mutual, ca_file=authority.ca_file)
    assert len(refusals(tmp_path / "log", ATTEMPTS, **told)) == ATTEMPTS


def test_a_broker_whose_certificate_nobody_trusts_is_told_nothing(
    mutual: RabbitServer, tmp_path: Path
) -> None:
    """Signed by another authority, it is not spoken to, and the reason says why."""
    other = Authority(tmp_path / "other", name="Another authority")
    told = over_tls(mutual, ca_file=other.ca_file)
    reasons = refusals(tmp_path / "log", ATTEMPTS, **told)
    assert len(reasons) == ATTEMPTS
    assert any("certificate verify failed" in reason for reason in reasons), reasons
