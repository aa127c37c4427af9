"""Where the server's socket lies: in a folder that only its user can enter."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded.account import Account, can_reach

# unix(7): the path of a socket has 108 bytes, the last of them NUL.
_PATH_LIMIT = 107
_SOCKET = ".s.PGSQL.5432"


def choose_socket_dir(data_dir: Path, account: Account) -> Path:
    """Return where the socket of ``data_dir`` belongs: in it, or else in a temporary folder.

    The data folder will not do where its path is too long for a socket or closed to ``account``.

    Raises ``Stop`` where no folder will do.
    """
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    short = f"dispatch-bus-{mark}"
    temporary = (Path(tempfile.gettempdir()) / short, Path("/tmp") / short)  # noqa: S108
    candidates = (data_dir / "socket", *temporary)
    chosen = next((place for place in candidates if _will_do(place, account)), None)
    if chosen is None:
        raise Stop(
            f"User '{account.name}' can reach no folder with a short path for the socket of the "
            f"database: tried {', '.join(map(str, candidates))}.",
            "Choose a data folder with a shorter path that every user may enter.",
        )
    return chosen


def _will_do(place: Path, account: Account) -> bool:
    fits = len(os.fsencode(place / _SOCKET)) <= _PATH_LIMIT
    # libpq reads a comma in a host as the start of another host.
    return fits and "," not in str(place) and can_reach(account, place)


def prepare_socket_dir(socket_dir: Path, account: Account) -> None:
    """Make ``socket_dir`` for ``account`` alone, and clear what a dead server left in it.

    Raises ``Stop`` where it exists and is open to others or belongs to somebody else, who could
    then pose as the database.
    """
    try:
        socket_dir.mkdir(mode=0o700)
    except FileExistsError:
        _check_private(socket_dir, account)
    else:
        os.chown(socket_dir, account.uid, account.gid, follow_symlinks=False)
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (socket_dir / name).unlink(missing_ok=True)


def _check_private(socket_dir: Path, account: Account) -> None:
    found = socket_dir.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid != account.uid:
        raise Stop(
            f"{socket_dir} is to hold the database's socket, but is not a folder of user "
            f"'{account.name}' with mode 0700.",
            "Remove it, or choose another data folder.",
        )
