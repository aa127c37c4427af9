"""The broker of compose.yaml: three nodes with the configuration of its containers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import attrs
import pytest
from making.containers import DOCKER
from servers.ports import free_ports
from servers.rabbitmq import RabbitServer, RabbitServers

_OWN = "prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {port}\n"


@attrs.frozen
class Node:
    """A node, and the port on which it tells its metrics."""

    server: RabbitServer
    metrics: int


def configure(nodes: list[Node]) -> None:
    """Give each node the files of a container, with the names and ports that it has here.

    What the private server says of itself alone, its addresses, stands beside that.
    """
    told = (DOCKER / "rabbitmq" / "rabbitmq.conf").read_text("utf-8")
    for number, node in enumerate(nodes, start=1):
        assert f"rabbit@broker-{number}" in told
        told = told.replace(f"rabbit@broker-{number}", node.server.node)
    ours = {line.split(" = ")[0] for line in told.splitlines() if " = " in line}
    for node in nodes:
        folder = node.server.log.parent
        plugins = (DOCKER / "rabbitmq" / "enabled_plugins").read_text("utf-8")
        (folder / "plugins").write_text(plugins)
        private = (folder / "rabbitmq.conf").read_text("utf-8").splitlines()
        kept = [line for line in private if line.split(" = ")[0] not in ours]
        (folder / "rabbitmq.conf").write_text(
            "\n".join([told, *kept, _OWN.format(port=node.metrics)])
        )


@pytest.fixture(scope="session")
def broker(rabbit_servers: RabbitServers) -> Iterator[list[Node]]:
    """Three nodes, started at once and left to find each other."""
    shared = {"cookie": secrets.token_hex(20), "password": secrets.token_hex(12)}
    nodes = [Node(rabbit_servers.node(**shared), port) for port in free_ports(3)]
    configure(nodes)
    for node in nodes:
        node.server.launch()
    for node in nodes:
        node.server.wait_until_ready()
    yield nodes
    for node in nodes:
        node.server.kill()
