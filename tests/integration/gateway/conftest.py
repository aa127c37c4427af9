"""A world with a served gateway, and a client that carries its token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from gateway_world import Served, World, made
from psycopg import sql
from servers.postgres import DatabaseServer

from dispatch_bus.gateway import connections
from dispatch_bus.store.embedded.database import connect


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A bus between two rooms, over a database of the test's own."""
    with made(database_url, tmp_path / "keys") as world:
        yield world


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    """The gateway of the world, served."""
    served = Served(world.bus)
    yield served
    served.stop()


@pytest.fixture
def impatient(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The gateway of the world, served to whoever is quick."""
    monkeypatch.setattr(connections, "PATIENCE_S", 1.0)
    served = Served(world.bus)
    yield served
    served.stop()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """A client that carries the token."""
    with served.client() as client:
        yield client


@pytest.fixture
def cut(database_url: str, postgres_server: DatabaseServer) -> Iterator[Callable[[bool], None]]:
    """A way to cut the database off from everybody, and to let them in again."""
    name = urlsplit(database_url).path.lstrip("/")

    def cut(away: bool) -> None:
        with connect(postgres_server.running) as admin:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(allow.format(sql.Identifier(name), sql.Literal(not away)))
            if away:
                ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                admin.execute(ending, [name])

    yield cut
    cut(False)
