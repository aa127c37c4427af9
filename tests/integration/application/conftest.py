"""What the tests of the use cases share: one process of the bus over a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from making.wiring import Desk, MakeBus, make_bus

from dispatch_bus.application.bus import Bus


@pytest.fixture
def another_bus(database_url: str, tmp_path: Path) -> Iterator[MakeBus]:
    """Makes further processes of the bus over the same database."""
    made: list[Bus] = []

    def make(holder: str = "bus-1", **limits: Any) -> Bus:
        made.append(make_bus(database_url, tmp_path / "keys", holder, **limits))
        return made[-1]

    yield make
    for bus in made:
        bus.store.close()


@pytest.fixture
def bus(another_bus: MakeBus) -> Bus:
    """One process of the bus."""
    return another_bus()


@pytest.fixture
def desk(bus: Bus) -> Desk:
    """Drives that bus."""
    return Desk(bus)
