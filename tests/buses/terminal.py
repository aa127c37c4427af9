"""A command in a terminal of its own, whose screen a test reads."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from servers.waiting import wait_for

_ROWS, _COLUMNS = 50, 180
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")


class Terminal:
    """What a command wrote to its terminal so far, without control sequences."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self._raw = b""

    def text(self) -> str:
        """Read on, and return everything that was shown since the last ``forget``."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                chunk = os.read(self._master, 1 << 16)
            except OSError:
                # The other end is closed: the command has ended.
                break
            self._raw += chunk
        return _CONTROL.sub("", self._raw.decode(errors="replace"))

    def wait_for(self, words: str) -> None:
        """Wait until ``words`` have been shown."""
        wait_for(lambda: words in self.text(), f"{words!r} on the screen", 240.0)

    def end(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        os.write(self._master, b"\x03")
        wait_for(lambda: self.text() is not None and self.process.poll() is not None, "the end")
        return self.process.returncode


@contextmanager
def terminal(command: Sequence[str]) -> Iterator[Terminal]:
    """Run ``command`` in the foreground of a terminal; it is killed at the end."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    # setsid(1) makes the terminal the command's own, so that Ctrl-C in it is a signal.
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)
