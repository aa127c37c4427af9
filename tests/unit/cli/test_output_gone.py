"""A standard output that cannot be written any more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console

from dispatch_bus.cli.lossy import lossy


def test_a_full_disk_stops_nobody_who_prints() -> None:
    """What does not fit is dropped, however much it is."""
    _print_much(os.fdopen(os.open("/dev/full", os.O_WRONLY), "w", encoding="utf-8"))


def test_a_closed_pipe_stops_nobody_who_prints() -> None:
    """Not even by ending the process, as the library does."""
    reader, writer = os.pipe()
    os.close(reader)
    _print_much(os.fdopen(writer, "w", encoding="utf-8"))


def test_what_can_be_written_is(tmp_path: Path) -> None:
    """And all of it."""
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        Console(file=lossy(file)).print("a line")
    assert (tmp_path / "out").read_text("utf-8") == "a line\n"


def _print_much(stream: TextIO) -> None:
    console = Console(file=lossy(stream))
    for _ in range(1_000):
        console.print("a line that nobody reads")
    with pytest.raises(OSError, match=r"Broken pipe|No space"):
        stream.close()
