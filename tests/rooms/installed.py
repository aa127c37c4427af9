"""Makes the hostile adapter as good as installed for the processes that a test starts."""

from __future__ import annotations

from pathlib import Path

import pytest

_ENTRY_POINTS = """\
[dispatch_bus.adapters]
hostile = rooms.hostile_adapter:HostileAdapter
crowded = rooms.hostile_adapter:CrowdedAdapter
no-adapter = rooms.hostile_adapter:NoAdapter
gone = rooms.gone:Adapter
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a distribution with the hostile adapter's entry point on the path of child processes."""
    metadata = folder / "hostile-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)
    tests = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{tests}")
