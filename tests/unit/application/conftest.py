"""A bus over a database of the test's own: journals are read as they lie in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from making.wiring import Desk, make_bus

from dispatch_bus.application.bus import Bus


@pytest.fixture
def journal_bus(database_url: str, tmp_path: Path) -> Iterator[Bus]:
    """A bus whose journal the test writes."""
    bus = make_bus(database_url, tmp_path / "keys")
    yield bus
    bus.store.close()


@pytest.fixture
def desk(journal_bus: Bus) -> Desk:
    """Drives that bus."""
    return Desk(journal_bus)
