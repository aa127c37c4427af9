"""Logs that processes append to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dispatch_bus.store.embedded import logfile

OURS = (os.geteuid(), os.getegid())


def test_a_long_log_becomes_its_own_predecessor(tmp_path: Path) -> None:
    """Above its limit a log is kept once under another name, and its writer goes on."""
    log = tmp_path / "bus.log"
    with logfile.open_log(log, OURS) as writer:
        writer.write(b"old\n" * 30)
        logfile.trim(log, limit=100)
        writer.write(b"new\n")

    assert log.read_text() == "new\n"
    assert (tmp_path / "bus.log.1").read_text() == "old\n" * 30


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    """Up to its limit a log stays as it is."""
    log = tmp_path / "bus.log"
    log.write_text("a line\n")
    logfile.trim(log, limit=7)

    assert log.read_text() == "a line\n"
    assert not (tmp_path / "bus.log.1").exists()


def test_the_last_words_are_those_since_a_start(tmp_path: Path) -> None:
    """What an earlier run wrote is not taken for the last words of this one."""
    log = tmp_path / "bus.log"
    log.write_text("earlier run\n")
    start = logfile.size(log)
    with log.open("a") as writer:
        writer.writelines(f"line {number}\n" for number in range(20))

    assert logfile.tail(log, since=start, lines=2) == "line 18\nline 19"
    assert "earlier" not in logfile.tail(log, since=start, lines=100)


def test_the_last_words_survive_a_trim(tmp_path: Path) -> None:
    """A log that was emptied since the start of a run gives what came after."""
    log = tmp_path / "bus.log"
    log.write_text("after the trim\n")

    assert logfile.tail(log, since=1_000) == "after the trim"


def test_a_link_in_place_of_a_log_is_refused(tmp_path: Path) -> None:
    """Root may write in another user's folder, and must not be led elsewhere by it."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "bus.log").symlink_to(elsewhere)

    with pytest.raises(OSError, match="symbolic links"):
        logfile.open_log(tmp_path / "bus.log", OURS)
    assert not elsewhere.exists()
