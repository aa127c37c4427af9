"""Processes that die with the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dispatch_bus.store.embedded import leash_main
from dispatch_bus.store.embedded.account import Account
from dispatch_bus.store.embedded.logfile import open_log, trim


def start_leashed(
    command: Sequence[str | Path],
    *,
    log: Path,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``command`` (an absolute path and its arguments) so that it cannot outlive us.

    The kernel sends ``death_signal`` to it when the *thread* that called this ends, even by
    SIGKILL: call it from the main thread, or from one that lives as long as the command must.
    The command leads a session of its own, so that Ctrl-C reaches its parent alone. It writes to
    ``log``, runs as ``account`` (default: ours) in ``cwd`` (which that account need not be able
    to reach) with the whole environment ``env`` (default: ours). Linux only: prctl(2),
    ``PR_SET_PDEATHSIG``.
    """
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    trim(log)
    ties = [os.getpid(), int(death_signal), uid, gid]
    with open_log(log, owner=(uid, gid)) as output:
        return subprocess.Popen(  # noqa: S603  (the command is the caller's own, not input)
            [sys.executable, "-I", "-S", leash_main.__file__, *map(str, [*ties, *command])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
