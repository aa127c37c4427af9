"""The Unix account that a server runs under, and what this account can reach."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from attrs import evolve, frozen

from dispatch_bus.domain.errors import Stop

_UNPRIVILEGED = "nobody"


@frozen
class Account:
    """A Unix account: its name, user number and group number."""

    name: str
    uid: int
    gid: int


def account_for(*folders: Path) -> Account:
    """Return the account for a server over ``folders``: our own, unless we are root.

    PostgreSQL refuses to run as root. Root therefore lends the server to the first owner of
    ``folders`` who is not root, so that this owner can run it too, and else to ``nobody``.

    Raises ``Stop`` where the account has no name in the user database.
    """
    if os.geteuid() != 0:
        return evolve(_by_uid(os.geteuid()), gid=os.getegid())
    owners = (folder.stat().st_uid for folder in folders if folder.exists())
    uid = next((owner for owner in owners if owner != 0), None)
    return _unprivileged() if uid is None else _by_uid(uid)


def _by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise Stop(
            f"User number {uid} has no name on this machine, and PostgreSQL needs one.",
            "Add the user to /etc/passwd, or run the bus as a user that is there.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _unprivileged() -> Account:
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise Stop(
            f"PostgreSQL cannot run as root, and this machine has no user '{_UNPRIVILEGED}'.",
            "Run the bus as an ordinary user.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_reach(account: Account, path: Path) -> bool:
    """Tell whether ``account`` may enter every folder on the way to ``path``, which exists.

    Only the mode bits count: an access list that grants more is overlooked on purpose, because
    the answer "no" costs a copy and a wrong "yes" costs a start.
    """
    return all(_may_enter(account, folder.stat()) for folder in path.resolve().parents)


def _may_enter(account: Account, folder: os.stat_result) -> bool:
    if folder.st_uid == account.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
