"""A process that the supervisor starts: what it is, and its life."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.store.embedded import logfile, start_leashed
from dispatch_bus.store.embedded.failure import is_for_now

_LOOK_EVERY_S = 0.02


def says_ready(path: Path) -> Callable[[int], bool]:
    """Return a test of readiness: the process has written its own number to ``path``.

    The number tells it from a file that an earlier process left behind.
    """

    def is_ready(pid: int) -> bool:
        return path.exists() and path.read_text().strip() == str(pid)

    return is_ready


def _at_once(_: int) -> bool:
    return True


@frozen
class Child:
    """What to run: a command (absolute path and arguments) under a name, and its log.

    ``env`` is the whole environment (default: ours). ``ready`` is asked again and again with the
    process number until it says yes. ``grace_s`` is how many seconds it has to end when asked.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    env: Mapping[str, str] | None = None
    ready: Callable[[int], bool] = _at_once
    grace_s: float = 10.0


class ChildProcess:
    """The process of a ``Child``, with what it started in its session.

    A process that ends with status 78 (sysexits(3), ``EX_CONFIG``) says that a person has to act:
    it is not to be started again.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def name(self) -> str:
        """The name of the process on every screen."""
        return self._child.name

    @property
    def log(self) -> Path:
        """The file with all that the process writes."""
        return self._child.log

    def launch(self) -> int:
        """Start the process and return its number.

        Raises ``Retry`` where the machine has no more processes, memory or files just now, and
        ``Stop`` where it never can.
        """
        child = self._child
        self._log_start = logfile.size(child.log)
        try:
            self._process = start_leashed(child.command, log=child.log, env=child.env)
        except OSError as error:
            if is_for_now(error):
                raise Retry(f"'{child.name}' cannot be started: {error.strerror}") from error
            raise Stop(
                f"'{child.name}' cannot be started: {error}.",
                f"Look at its log folder {child.log.parent}, the disk and the number of processes.",
            ) from error
        return self._process.pid

    def is_ready(self) -> bool:
        """Tell whether the process says that it does its work."""
        return self._process is not None and self._child.ready(self._process.pid)

    def exit_status(self) -> int | None:
        """Return None while the process lives, and its exit status (negative: signal) after.

        With it ends what it started and left behind.
        """
        if self._process is None:
            return None
        if self._process.returncode is None and _has_ended(self._process.pid):
            _kill_group(self._process.pid)
        return self._process.poll()

    def verdict(self, status: int) -> Stop | None:
        """Return why starting again after exit ``status`` cannot help, or None where it can."""
        if status != os.EX_CONFIG:
            return None
        words = logfile.tail(self.log, since=self._log_start)
        return Stop(
            f"'{self.name}' stopped for a reason that only a person can mend:\n{words}\n",
            f"Mend it, then start again. The whole log is {self.log}.",
        )

    def stop(self) -> None:
        """Ask the process to end (SIGTERM), and after its grace kill it and what it started."""
        if self._process is None or self.exit_status() is not None:
            return
        self._process.terminate()
        deadline = time.monotonic() + self._child.grace_s
        while self.exit_status() is None and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        if self.exit_status() is None:
            _kill_group(self._process.pid)
            self._process.wait()


def _has_ended(pid: int) -> bool:
    """Tell whether our child has ended; its number stays its own until it is waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
