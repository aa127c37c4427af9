"""Log files that processes append to and that stay small."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

LIMIT = 10_000_000
"""Size in bytes above which a log becomes its own predecessor, ``<name>.1``."""


def open_log(path: Path, owner: tuple[int, int]) -> BinaryIO:
    """Open ``path`` for appending, made with mode 0600 for ``owner`` (user and group number).

    A symbolic link is refused with ``OSError``: root may be writing in another user's folder.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    if os.geteuid() == 0:
        os.fchown(descriptor, *owner)
    return os.fdopen(descriptor, "ab", buffering=0)


def trim(path: Path, limit: int = LIMIT) -> None:
    """Move what ``path`` holds to ``<name>.1`` once it is longer than ``limit`` bytes.

    The file is emptied in place because its writer keeps it open: a line that is written between
    the copy and the emptying is lost, which a log can afford and the journal never sees. On a full
    disk there is no copy.
    """
    if size(path) <= limit:
        return
    with contextlib.suppress(OSError):
        _keep(path)
    os.truncate(path, 0)


def _keep(path: Path) -> None:
    owner = path.stat()
    with open_log(path.with_name(f"{path.name}.1"), (owner.st_uid, owner.st_gid)) as previous:
        previous.truncate(0)
        with path.open("rb") as current:
            shutil.copyfileobj(current, previous)


def size(path: Path) -> int:
    """Return the length of ``path`` in bytes, 0 when it is not there yet."""
    return path.stat().st_size if path.exists() else 0


def tail(path: Path, since: int = 0, lines: int = 12) -> str:
    """Return the last ``lines`` lines that were written to ``path`` after byte ``since``."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(since if since <= end else 0, end - 64_000))
        text = log.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])
