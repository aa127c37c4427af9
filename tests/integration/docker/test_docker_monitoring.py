"""Prometheus and Grafana over a bus and a broker that run: what they ask for is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from buses.private import PrivateBus, private_bus
from conftest import Node
from making.containers import DOCKER, alerts, panels
from servers.prometheus import Prometheus, running
from servers.waiting import wait_for

GRAFANA = DOCKER / "grafana"
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
    for panel in panels()
    for target in panel["targets"]
]
# Of labels that do not occur while all is well, such as an error, any value is enough.
NEVER_HERE = ("GatewayFails", "WorkFails")
# No room here has an inbox, and no server a certificate: these are known by their names alone.
WITHOUT_VALUE = re.compile(r"dispatch_bus_(?:inbox_\w+|certificate_\w+)")


@pytest.fixture(scope="module")
def bus() -> Iterator[PrivateBus]:
    """A bus with rooms that send, one of which is away."""
    with private_bus(rate_per_s=1.0) as bus:
        bus.start()
        for name, room in bus.rooms.items():
            if name != "LU":
                room.start()
        yield bus


def make_queues(broker: list[Node]) -> None:
    """Make a queue of the bus and an inbox, as far as their names go."""
    server = broker[0].server
    server.make_vhost("watched")
    for queue in ("dispatch-bus.wake.decide", "inbox.NL"):
        answer = server.api("PUT", f"/api/queues/watched/{queue}", json={"durable": True})
        answer.raise_for_status()


def targets(job: str, bus: PrivateBus, broker: list[Node]) -> list[dict[str, Any]]:
    """Return where the parts of this bus are that the job of that name looks for."""
    settings = bus.settings.bus
    if job.startswith("broker"):
        return [{"targets": [f"127.0.0.1:{node.metrics}" for node in broker]}]
    if job == "gateway":
        address = f"127.0.0.1:{settings.gateway.port}"
        return [{"targets": [address], "labels": {"service": "gateway"}}]
    # All services of an embedded bus are one process.
    address = f"127.0.0.1:{settings.metrics.bus_port}"
    return [{"targets": [address], "labels": {"service": "sealer"}}]


@pytest.fixture(scope="module")
def prometheus(
    bus: PrivateBus, broker: list[Node], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Prometheus with the containers' configuration, but for the places where it looks."""
    make_queues(broker)
    folder = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DOCKER / "prometheus" / "alerts.yml")]
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = targets(job["job_name"], bus, broker)
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(bus.data / "gateway.token")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with running(folder / "prometheus.yml", folder) as prometheus:
        yield prometheus


def answer(prometheus: Prometheus, query: str) -> object:
    """Return the series that answer a query, or what is known of its metric."""
    if named := WITHOUT_VALUE.search(query):
        return prometheus.ask("metadata", metric=named.group())
    return prometheus.ask("query", query=query)["result"]


def test_everything_that_is_to_be_watched_is_found(prometheus: Prometheus) -> None:
    """Each job reaches what it looks for, with the token that it needs."""

    def found() -> dict[str, int]:
        told = prometheus.ask("query", query="sum by (job) (up)")["result"]
        return {one["metric"]["job"]: int(one["value"][1]) for one in told}

    expected = {"service": 1, "gateway": 1, "broker": 3, "broker-queues": 3}
    wait_for(lambda: found() == expected, "every target is up")


@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_shows_something(prometheus: Prometheus, query: str) -> None:
    """What the dashboard asks for is there: each metric, each label, each of its values."""
    if "ALERTS" in query:
        query = "ALERTS"
    wait_for(lambda: answer(prometheus, query), f"an answer to {query}")


@pytest.mark.parametrize("alert", alerts(), ids=lambda one: one["alert"])
def test_an_alert_watches_something(prometheus: Prometheus, alert: dict[str, Any]) -> None:
    """Without its threshold each alert has an answer: it could be raised."""
    query = re.sub(r" (>|<|==) [\d.]+", "", alert["expr"])
    query = re.sub(r'absent\((up\{job="\w+")[^}]*\}\)', r"\1}", query)
    if alert["alert"] in NEVER_HERE:
        query = re.sub(r'(!~|=)"[^"]*"', '=~".+"', query)
    wait_for(lambda: answer(prometheus, query), f"an answer to {query}")


def test_the_room_that_is_away_is_raised(prometheus: Prometheus) -> None:
    """The one room that does not answer is pending or firing, and no other room."""

    def down() -> set[str]:
        told = prometheus.ask("query", query='ALERTS{alertname="RoomDown"}')["result"]
        return {one["metric"]["room"] for one in told}

    wait_for(lambda: down() == {"LU"}, "the room that is away is raised")


def test_grafana_is_given_what_it_needs() -> None:
    """The dashboard asks the one source that is provisioned, and lies where it is looked for."""
    (source,) = read(GRAFANA / "provisioning" / "datasources" / "prometheus.yaml")["datasources"]
    assert {target["datasource"]["uid"] for one in panels() for target in one["targets"]} == {
        source["uid"]
    }
    (provider,) = read(GRAFANA / "provisioning" / "dashboards" / "dispatch-bus.yaml")["providers"]
    mounts = read(DOCKER / "compose.yaml")["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts


def read(path: Path) -> dict[str, Any]:
    """Return what a YAML file says."""
    told: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return told
