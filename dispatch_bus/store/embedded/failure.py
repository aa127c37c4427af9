"""From what PostgreSQL wrote before it gave up to what an operator should do."""

from __future__ import annotations

from pathlib import Path

from dispatch_bus.domain.errors import Stop

_DISK_FULL = ("No space left on device", "Disk quota exceeded", "No space left")


def is_disk_full(text: str) -> bool:
    """Tell whether ``text`` says that PostgreSQL found no room on the disk."""
    return any(sign in text for sign in _DISK_FULL)


def disk_full(folder: Path) -> Stop:
    """Return the error for a full disk under ``folder``."""
    return Stop(
        f"The disk that holds {folder} is full.",
        "Free space on it, then start again: what was confirmed is kept.",
    )


def explain(what: str, text: str, log: Path) -> Stop:
    """Return the error for a PostgreSQL that gave up with ``text`` as its last words."""
    if is_disk_full(text):
        return disk_full(log.parent)
    return Stop(f"{what}. Its last words:\n{text}\n", f"The whole log is {log}.")
