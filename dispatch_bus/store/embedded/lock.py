"""One launcher per data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dispatch_bus.domain.errors import NotNow


class FolderLock:
    """A lock file that the kernel releases when its holder ends, however it ends.

    The file is made for ``owner`` (user and group number), who may be the next to hold it.
    """

    def __init__(self, path: Path, owner: tuple[int, int]) -> None:
        self._path = path
        self._owner = owner
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock, or keep it when we hold it already.

        Raises ``NotNow`` with the holder's process number when another process holds it.
        """
        if self._descriptor is None:
            self._descriptor = self._locked()
            os.truncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def _locked(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        if os.geteuid() == 0:
            os.fchown(descriptor, *self._owner)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            os.close(descriptor)
            raise NotNow(
                f"Data folder {self._path.parent} is in use by the bus with process number "
                f"{holder}.",
                "Stop that bus first, or give this one a data folder of its own.",
            ) from None
        return descriptor

    def release(self) -> None:
        """Let the next launcher in; nothing happens when we do not hold the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
