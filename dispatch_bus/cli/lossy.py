"""A standard output that may be gone: a closed pipe or a full disk stops no work."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, TextIO, cast


def lossy(stream: TextIO) -> IO[str]:
    """Return a way to write to ``stream`` what that takes, and to drop what it does not."""
    return cast("IO[str]", _Lossy(stream))


class _Lossy:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        """The stream's encoding."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Tell whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the stream's descriptor."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write ``text`` as far as that is possible."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written as far as that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()
