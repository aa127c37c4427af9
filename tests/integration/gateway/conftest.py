"""A world with a served gateway, and a client that carries its token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gateway_world import Served, World, made


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
def http(served: Served) -> Iterator[httpx.Client]:
    """A client that carries the token."""
    with served.client() as client:
        yield client
