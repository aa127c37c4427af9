"""A command in a terminal of its own, whose screen a test reads."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread

from servers.waiting import wait_for

_ROWS, _COLUMNS = 50, 180
_SCREEN = _ROWS * _COLUMNS
_KEPT = 20 * _SCREEN
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")


class Terminal:
    """What a command wrote to its terminal so far, without control sequences.

    A thread reads on all the time, for a command whose terminal is full stands still.
    """

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self._shown = ""
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        decode = getincrementaldecoder("utf-8")("replace").decode
        rest = ""
        # The other end being closed is an error here: the command has ended.
        with suppress(OSError):
            while chunk := os.read(self._master, 1 << 16):
                rest += decode(chunk)
                whole, rest = _split(rest)
                self._shown = (self._shown + _CONTROL.sub("", whole))[-_KEPT:]

    def wait_for(self, words: str) -> None:
        """Wait until ``words`` are shown; fail with the last screen when they never can be."""

        def is_decided() -> bool:
            return words in self._shown or self.process.poll() is not None

        try:
            wait_for(is_decided, f"{words!r} on the screen", 240.0)
        except AssertionError as error:
            raise AssertionError(f"{error}; at the end:\n{self._screen()}") from None
        status = self.process.returncode
        assert words in self._shown, f"ended with {status} before {words!r}:\n{self._screen()}"

    def _screen(self) -> str:
        return self._shown[-_SCREEN:]

    def end(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        os.write(self._master, b"\x03")
        wait_for(lambda: self.process.poll() is not None, "the end")
        return self.process.returncode


def _environment() -> dict[str, str]:
    """Return an environment in which the terminal alone says how large it is."""
    own = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    return {**own, "TERM": "xterm"}


def _split(text: str) -> tuple[str, str]:
    """Split off a control sequence that is not whole yet."""
    start = text.rfind("\x1b")
    if start < 0 or _CONTROL.match(text, start):
        return text, ""
    return text[:start], text[start:]


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
        env=_environment(),
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)
