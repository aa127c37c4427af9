"""Become a command that dies with its parent: the script behind ``start_leashed``.

It runs by its path under ``python -I -S``, before the account changes, so it imports nothing
but the standard library. Arguments: parent's process number, signal, user, group, command.

A process of its own does this because the death signal is cleared by a change of account (so
it cannot be set before), and because Python code between fork and exec can deadlock in a
parent with threads (so it cannot be set there).
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, death_signal: str, uid: str, gid: str, *command: str) -> None:
    """Take the account, tie the process to its parent and become the command.

    Ends with status 78 (sysexits(3), ``EX_CONFIG``) where the command cannot be run.
    """
    _become(int(uid), int(gid))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        # The parent died before the signal was asked for, so none would ever come.
        sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606  (no shell is wanted)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be run: {error.strerror}.\n")
        sys.exit(os.EX_CONFIG)


def _become(uid: int, gid: int) -> None:
    if (uid, gid) != (os.geteuid(), os.getegid()):
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)


if __name__ == "__main__":
    main(*sys.argv[1:])
