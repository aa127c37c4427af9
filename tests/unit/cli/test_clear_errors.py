"""What the command says when it cannot go on: one message, and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch_bus.settings import defaults_folder

COMMAND = Path(sys.executable).with_name("dispatch-bus")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration with its data beside it."""
    copy = Path(shutil.copytree(defaults_folder(), tmp_path / "config"))
    text = (copy / "bus.toml").read_text("utf-8")
    (copy / "bus.toml").write_text(text.replace('"var"', f'"{tmp_path / "data"}"'), "utf-8")
    return copy


def said(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command over a folder on a wide terminal."""
    return subprocess.run(
        [str(COMMAND), *words, "--config", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "COLUMNS": "1000"},
    )


def test_the_shipped_folder_is_checked_without_errors(folder: Path) -> None:
    """Its examples are warnings: they are to be confirmed."""
    done = said(folder, "config", "check")
    assert done.returncode == 0, done.stdout
    assert f"{folder}: 0 errors" in done.stdout
    assert done.stderr == ""


def test_every_mistake_is_listed_with_file_key_and_remedy(folder: Path) -> None:
    """Two files with a mistake each are two errors, and the status is 1."""
    bus, zones = folder / "bus.toml", folder / "zones.toml"
    bus.write_text(bus.read_text("utf-8").replace("page_limit = 200", "page_limit = -1"), "utf-8")
    zones.write_text("label = 'x'\nzone = '[/]'\n", "utf-8")
    done = said(folder, "config", "check")
    assert done.returncode == 1
    assert "error bus.toml, intake.page_limit: -1" in done.stdout
    assert "zones.toml, zone: '[/]'" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def missing(path: Path) -> None:
    """Take the zones away."""
    path.unlink()


def cut_off(path: Path) -> None:
    """Lose the second half, as a copy does when the disk is full."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_bit(path: Path) -> None:
    """Change one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def no_archive(path: Path) -> None:
    """Put something else there."""
    path.write_text("label = 'zones'")


def a_folder(path: Path) -> None:
    """Put a folder there."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [missing, cut_off, one_bit, no_archive, a_folder])
def test_zones_that_cannot_be_used_are_one_message(folder: Path, damage: object) -> None:
    """It names the file, what is wrong with it, and the command that makes a new one."""
    assert callable(damage)
    damage(folder / "zones.bzones")
    done = said(folder, "up")
    assert done.returncode == os.EX_CONFIG
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert str(folder / "zones.bzones") in line
    assert "dispatch-bus zones build" in line


def test_zones_that_cannot_be_used_are_one_mistake_among_others(folder: Path) -> None:
    """``config check`` names them like any other file, and still finds what needs no zones."""
    missing(folder / "zones.bzones")
    bus = folder / "bus.toml"
    bus.write_text(bus.read_text("utf-8").replace("page_limit = 200", "page_limit = -1"), "utf-8")
    done = said(folder, "config", "check")
    assert done.returncode == 1
    assert "error zones.bzones, file: nothing" in done.stdout
    assert "dispatch-bus zones build" in done.stdout
    assert "error bus.toml, intake.page_limit: -1" in done.stdout
    assert ": 2 errors" in done.stdout


def test_definitions_that_cannot_be_built_are_one_message(folder: Path) -> None:
    """The key is named."""
    (folder / "zones.toml").write_text("label = 'x'\ndepth = 1\n")
    done = said(folder, "zones", "build")
    assert done.returncode == os.EX_CONFIG
    assert "depth: unknown key" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_run_is_one_message(folder: Path) -> None:
    """It says how to start it."""
    done = said(folder, "journal", "tail")
    assert done.returncode == os.EX_TEMPFAIL
    (line,) = done.stderr.splitlines()
    assert line == "The embedded database does not run. Start the bus: dispatch-bus up."
