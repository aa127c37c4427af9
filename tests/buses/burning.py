"""An adapter that burns the processor for ever while a file is there, as good as installed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatch_bus.sdk.adapter import RawPage
from dispatch_bus_plain import PlainAdapter

_FLAG = "BURN_WHILE"


class BurningAdapter(PlainAdapter):
    """The plain adapter, but for a pull that never ends while the flag is there."""

    def pull(self, cursor: str | None, *, limit: int, wait_s: float) -> RawPage:
        if Path(os.environ[_FLAG]).exists():
            # Holds the interpreter lock for ever: no other thread of this process runs again.
            re.match(r"(a+)+$", "a" * 100 + "b")
        return super().pull(cursor, limit=limit, wait_s=wait_s)


@contextmanager
def installed(flag: Path) -> Iterator[None]:
    """Have every process that starts meanwhile find the adapter, with its ``flag``."""
    tests = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as folder:
        metadata = Path(folder) / "burning-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: burning\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(
            "[dispatch_bus.adapters]\nburning = buses.burning:BurningAdapter\n"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join((folder, tests)), prepend=os.pathsep)
            patch.setenv(_FLAG, str(flag))
            patch.syspath_prepend(folder)
            yield


def in_room(room: str) -> dict[str, str]:
    """Return the change to rooms.toml that gives one room this adapter."""
    head = f'id = "{room}"\ncountry = "{room}"\nadapter = '
    return {f'{head}"plain"': f'{head}"burning"'}
