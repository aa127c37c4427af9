"""What the tests of the embedded server share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that is not there yet, under a short path that every user may pass."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"
