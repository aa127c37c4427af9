"""Benchmarks run alone: beside other tests they would measure those."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave benchmarks out of a run that may be spread over processes; ``make bench`` is not."""
    is_benchmark = collection_path.name.startswith("test_")
    return True if is_benchmark and config.pluginmanager.hasplugin("xdist") else None
