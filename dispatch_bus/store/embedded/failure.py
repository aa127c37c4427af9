"""From what PostgreSQL wrote before it gave up to what an operator should do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from dispatch_bus.domain.errors import Stop

_NO_ROOM = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

_NO_MORE = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


def is_for_now(error: OSError) -> bool:
    """Tell whether the machine lacked processes, memory or files, and may have them again."""
    return error.errno in _NO_MORE


def is_disk_full(text: str) -> bool:
    """Tell whether ``text`` says that there is no room: a full disk, a quota or a size limit."""
    return any(sign in text for sign in _NO_ROOM)


def disk_full(folder: Path) -> Stop:
    """Return the error for a full disk under ``folder``."""
    return Stop(
        f"There is no room left for {folder}: the disk is full, or a quota or limit is reached.",
        "Make room, then start again: what was confirmed is kept.",
    )


def explain(what: str, text: str, log: Path) -> Stop:
    """Return the error for a PostgreSQL that gave up with ``text`` as its last words."""
    if is_disk_full(text):
        return disk_full(log.parent)
    return Stop(f"{what}. Its last words:\n{text}\n", f"The whole log is {log}.")
