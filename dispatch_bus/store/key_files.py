"""Small secret files that are made once, whole or not at all, by any number of processes.

A file is written under a temporary name, put on the disk, and linked to its own name, which fails
if that name is taken; it is replaced by renaming over it. So whoever comes second meets what is
there, nobody ever reads half a file, and a file that was replaced is never made again. Nothing is
locked: a process that is frozen in the middle holds nobody up.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.disk import put_on_disk

_OTHERS: Final = 0o077

Version: TypeAlias = tuple[int, int]
"""Inode and time of change: another content has another version."""


def make_folder(folder: Path) -> None:
    """Make ``folder`` (mode 0700) unless it is there, and check it; the one above must be there.

    Raises:
        Stop: it cannot be made, or does not pass `check_folder`.
    """
    with _or_stop(folder, "made"):
        folder.mkdir(mode=0o700, exist_ok=True)
        put_on_disk(folder.parent)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Check that ``folder`` is there, closed to other users, and ours to write.

    Raises:
        Stop: it is not.
    """
    with _or_stop(folder, "opened"):
        mode = folder.stat().st_mode
    if not stat.S_ISDIR(mode):
        raise Stop(f"The key folder {folder} is a file.", "Name a folder for keys alone.")
    _check_private(folder, mode, "700")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise Stop(f"The key folder {folder} cannot be written.", "Make it the bus user's own.")


def version(path: Path) -> Version | None:
    """Return the version of what ``path`` holds now; none when it is not there.

    Raises:
        Stop: it cannot be known.
    """
    with _or_stop(path, "read"):
        try:
            now = path.stat()
        except FileNotFoundError:
            return None
    return now.st_ino, now.st_mtime_ns


def read(path: Path, _version: Version | None = None) -> bytes:
    """Return what ``path`` holds; ``_version`` tells a cache in front of this what it keeps.

    Raises:
        Stop: it cannot be read, or is open to other users.
    """
    with _or_stop(path, "read"), path.open("rb") as file:
        _check_private(path, os.fstat(file.fileno()).st_mode, "600")
        return file.read()


def make_once(path: Path, content: bytes) -> None:
    """Make ``path`` with ``content`` (mode 0600) unless it is there already.

    Raises:
        Stop: it cannot be written.
    """
    with _or_stop(path, "made"):
        if not path.exists():
            _link(path, content)
        # Also when another made it: its name may not be on the disk yet, and what the caller
        # does with it is about to be.
        put_on_disk(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of whatever ``path`` holds, and leave no other name of that.

    Raises:
        Stop: it cannot be written.
    """
    with _or_stop(path, "replaced"):
        with _temporary(path, content) as fresh, suppress(FileNotFoundError):
            # Gone when another process has just put its own there, and swept as below.
            fresh.replace(path)
        # A process that was killed between linking and unlinking left a second name.
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink(missing_ok=True)
        put_on_disk(path.parent)


def _link(path: Path, content: bytes) -> None:
    # Taken when another process was first, gone when one has replaced the path and swept.
    with _temporary(path, content) as fresh, suppress(FileExistsError, FileNotFoundError):
        path.hardlink_to(fresh)


@contextmanager
def _temporary(path: Path, content: bytes) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _check_private(path: Path, mode: int, wanted: str) -> None:
    if mode & _OTHERS:
        what = f"{path} is open to other users (mode {stat.S_IMODE(mode):03o})."
        raise Stop(what, f"Find out who could read it, then: chmod {wanted} {path}")


@contextmanager
def _or_stop(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"{path} cannot be {done}: {error.strerror}."
        remedy = "Mount the key folder, give it room, and make it the bus user's own (chmod 700)."
        raise Stop(what, remedy) from error
