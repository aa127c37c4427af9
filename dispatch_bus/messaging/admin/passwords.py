"""The passwords of the broker's users: made once, kept in files, shown to nobody."""

from __future__ import annotations

import secrets
from pathlib import Path

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store import key_files

_BYTES = 24


def make(file: Path) -> str:
    """Return the password in ``file``, making one (mode 0600) if there is none.

    Raises:
        Stop: it cannot be made, or is open to other users.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_files.make_once(file, secrets.token_urlsafe(_BYTES).encode())
    return read(file)


def read(file: Path) -> str:
    """Return the password in ``file``.

    Raises:
        Stop: there is none, it cannot be read, or it is open to other users.
    """
    if not file.exists():
        raise Stop(f"There is no password in {file}.", "Make it: dispatch-bus broker setup")
    return key_files.read(file).decode("utf-8").strip()
