"""Broker and database as the containers configure them, run for real."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import Node
from making.containers import DOCKER
from psycopg import sql
from servers.postgres import DatabaseServer
from servers.waiting import wait_for

from dispatch_bus.store.embedded import find_binaries
from dispatch_bus.store.embedded.database import connect
from dispatch_bus.store.embedded.running import SUPERUSER
from dispatch_bus.store.migrating import migrate

ROLE = "compose_bus"


def test_three_nodes_become_one_cluster(broker: list[Node]) -> None:
    """Each finds the others by the list in its configuration."""

    def names() -> set[str]:
        told = [node.server.api("GET", "/api/nodes").json() for node in broker]
        seen = {tuple(sorted(one["name"] for one in nodes if one["running"])) for nodes in told}
        return set().union(*seen) if len(seen) == 1 else set()

    wait_for(lambda: len(names()) == 3, "three nodes see each other")


def test_nobody_but_the_administrator_has_a_login(broker: list[Node]) -> None:
    """There is no guest."""
    told = broker[0].server.api("GET", "/api/users").json()
    assert [one["name"] for one in told] == ["admin"]


def test_a_parted_node_waits(broker: list[Node]) -> None:
    """The two nodes that see each other go on, and the third does not do so on its own."""
    told = broker[0].server.ctl("environment")
    assert "{cluster_partition_handling,pause_minority}" in told


@pytest.fixture
def role(postgres_server: DatabaseServer, tmp_path: Path) -> Iterator[str]:
    """The address of the database that role.sql has made on a server, under another name."""
    told = (DOCKER / "postgres" / "role.sql").read_text("utf-8")
    (tmp_path / "password").write_text("it's secret")
    told = told.replace("dispatch_bus", ROLE)
    told = told.replace("/run/secrets/store-password", str(tmp_path / "password"))
    running = postgres_server.running
    psql = [find_binaries() / "psql", "--set=ON_ERROR_STOP=1", "--host", str(running.socket_dir)]
    subprocess.run(
        [*psql, f"--username={SUPERUSER}", f"--dbname={SUPERUSER}"],
        input=told,
        text=True,
        check=True,
    )
    yield running.url_of(ROLE, ROLE)
    with connect(running) as admin:
        for thing in ("DATABASE", "ROLE"):
            admin.execute(sql.SQL(f"DROP {thing} {{}}").format(sql.Identifier(ROLE)))


def test_the_bus_is_no_superuser_and_needs_to_be_none(role: str) -> None:
    """Its role can make the schema in its own database, and rules nothing else."""
    migrate(role)
    with psycopg.connect(role.replace("+psycopg", "")) as connection:
        asked = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %s"
        assert connection.execute(asked, [ROLE]).fetchone() == (False, False, False)
