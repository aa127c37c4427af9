"""The line to an adapter's process: calls go out with a number, answers come back in any order."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Collection, Iterable
from typing import Any

from dispatch_bus.domain.json import JSON
from dispatch_bus.sdk import frames
from dispatch_bus.sdk.adapter import TooLarge

# The two objects for one socket share its blocking mode, and whoever sends needs a time-out: so
# the one that listens has one as well, the longest there may be. A line that was silent for that
# long counts as closed.
_SILENCE_S = 20 * 86_400.0


class Line:
    """One end of a socket on which several threads may call at once.

    A thread of its own listens. Once the line is broken, every call on it fails.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._news = threading.Condition()
        self._awaited: set[int] = set()
        self._forgotten: set[int] = set()
        self._answers: dict[int, JSON] = {}
        self._broken: type[Exception] | TooLarge | None = None
        listening = sock.dup()
        listening.settimeout(_SILENCE_S)
        threading.Thread(target=self._listen, args=(listening,), daemon=True).start()

    def call(self, requests: Iterable[JSON], deadline: frames.Deadline) -> list[int]:
        """Send requests at once; return the number of each, by which its answer is known.

        Raises:
            TooLarge: one of them fits no frame; nothing has been sent.
            Closed: the other end is gone.
            TimeoutError: the deadline has passed; the line is of no more use.
        """
        told = [(next(self._numbers), request) for request in requests]
        packed = b"".join(frames.pack({"call": number, **request}) for number, request in told)
        numbers = [number for number, _ in told]
        with self._news:
            self._awaited.update(numbers)
        if not self._sending.acquire(timeout=deadline.left()):
            raise TimeoutError
        try:
            frames.send(self._sock, packed, deadline)
        finally:
            self._sending.release()
        return numbers

    def answers(self, calls: Collection[int], deadline: frames.Deadline) -> dict[int, JSON]:
        """Wait for an answer to any of these calls; return all that are there.

        Raises:
            Closed: the other end is gone, or the line was closed.
            TooLarge, Garbled: what came was no frame or no answer; the line is of no more use.
            TimeoutError: the deadline has passed; the answers may still come.
        """
        with self._news:
            while not (found := self._answers.keys() & calls):
                if self._broken:
                    raise self._broken
                if not self._news.wait(deadline.left()):
                    raise TimeoutError
            return {number: self._answers.pop(number) for number in found}

    def forget(self, call: int) -> None:
        """Wait no longer for the answer to a call: it is dropped when it comes."""
        with self._news:
            self._answers.pop(call, None)
            if call in self._awaited:
                self._awaited.discard(call)
                self._forgotten.add(call)

    @property
    def has_forgotten(self) -> bool:
        """Whether a forgotten call has not been answered yet."""
        return bool(self._forgotten)

    def close(self) -> None:
        """Hang up. The other end sees the stream end; whoever still waits for an answer, too."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
        finally:
            self._sock.close()

    def _listen(self, sock: socket.socket) -> None:
        reader = frames.Reader(sock)
        with sock:
            try:
                while True:
                    self._note(reader)
            except (frames.Closed, frames.Garbled) as error:
                self._break(type(error))
            except TooLarge as error:
                self._break(error)

    def _note(self, reader: frames.Reader) -> None:
        """Note all answers that have come, waiting for the first."""
        found = [reader.read()]
        while reader.has_another:
            found.append(reader.read())
        with self._news:
            for answer in found:
                self._note_one(answer)
            self._news.notify_all()

    def _note_one(self, answer: Any) -> None:
        number = answer.get("call") if isinstance(answer, dict) else None
        if not isinstance(number, int):
            raise frames.Garbled
        if number in self._forgotten:
            self._forgotten.discard(number)
            return
        if number not in self._awaited:
            raise frames.Garbled
        self._awaited.discard(number)
        self._answers[number] = answer

    def _break(self, reason: type[Exception] | TooLarge) -> None:
        with self._news:
            self._broken = reason
            self._news.notify_all()
