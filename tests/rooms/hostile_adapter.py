"""An adapter that misbehaves on request: each verb does what the room's options name."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dispatch_bus.domain.errors import Refused, Retry, Stop
from dispatch_bus.domain.json import from_json, parse
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk import frames
from dispatch_bus.sdk.adapter import Adapter, RawPage, RawRecord, RoomSettings, RoomStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def hang() -> None:
    time.sleep(3600)


def dawdle() -> None:
    time.sleep(0.5)


def start_another() -> None:
    subprocess.run(["sleep", "3600"], check=False)


def burn() -> None:
    # Holds the interpreter lock for ever: no other thread of this process runs again.
    re.match(r"(a+)+$", "a" * 100 + "b")


def die() -> None:
    os._exit(3)


def leave() -> None:
    sys.exit("a driver that calls exit")


def fail() -> None:
    raise ZeroDivisionError("Jan Jansen, +31 6 12345678")


def retry() -> None:
    raise Retry("the room is being serviced", 7.0)


def refuse() -> None:
    raise Refused("deadline", "2026", "Send \ud800 no NUL \x00.")


def stop() -> None:
    raise Stop("The driver has no licence.", "Buy one.")


def recurse() -> None:
    recurse()


def eat() -> None:
    bytearray(8 << 30)


def _socket_to_the_bus() -> socket.socket:
    return socket.socket(fileno=os.dup(int(sys.argv[3])))


def garble() -> None:
    with _socket_to_the_bus() as sock:
        sock.sendall(struct.pack(">I", 9) + b"{not json")


def announce_too_much() -> None:
    with _socket_to_the_bus() as sock:
        sock.sendall(struct.pack(">I", frames.MAX_BYTES + 1))


def answer_something_else() -> None:
    with _socket_to_the_bus() as sock:
        frames.send(sock, frames.pack({"result": ["what?"]}))


DEEDS: dict[str, Callable[[], None]] = {
    deed.__name__: deed
    for deed in (
        *(hang, dawdle, start_another, burn, die, leave, fail, retry, refuse, stop, recurse, eat),
        *(garble, announce_too_much, answer_something_else),
    )
}


class HostileAdapter(Adapter):
    """Option ``pull``, ``deliver``, … names a deed; a record's own text may name one, too.

    ``records`` are the texts of the page; ``size`` makes each so many bytes long.
    """

    def __init__(self, room: RoomSettings) -> None:
        super().__init__(room)
        self._do("start")

    def pull(self, cursor: str | None, *, limit: int, wait_s: float) -> RawPage:  # noqa: ARG002
        self._do("pull")
        start = int(cursor or 0)
        texts = self.room.options.get("records", [])[start : start + limit]
        size = self.room.options.get("size", 0)
        records = (
            RawRecord(id=str(start + at), raw=text.encode().ljust(size))
            for at, text in enumerate(texts, 1)
        )
        return RawPage(cursor=str(start + len(texts)), records=tuple(records))

    def read(self, raw: bytes) -> Report | Answer:
        deed = DEEDS.get(raw.decode("utf-8", "replace").strip())
        if deed:
            deed()
        if raw.startswith(b"half"):
            return None  # type: ignore[return-value]
        return from_json(parse(raw), Report)

    def confirm(self, cursor: str) -> None:  # noqa: ARG002
        self._do("confirm")

    def deliver(self, message: Message) -> Receipt:
        self._do("deliver")
        return Receipt(reference=message.id, received=NOON)

    def check(self) -> RoomStatus:
        self._do("check")
        return RoomStatus(name=f"{self.room.id} in process {os.getpid()}", clock=NOON)

    def _do(self, verb: str) -> Any:
        deed = self.room.options.get(verb)
        if deed:
            DEEDS[deed]()


class CrowdedAdapter(HostileAdapter):
    """Takes several messages at once; the case of each names a deed, ``together`` among them.

    Those that do it wait for each other: ``crowd`` of them, which is an option.
    """

    concurrent = True

    def __init__(self, room: RoomSettings) -> None:
        super().__init__(room)
        self._crowd = threading.Barrier(room.options.get("crowd", 1))

    def deliver(self, message: Message) -> Receipt:
        if message.case == "together":
            self._crowd.wait()
        DEEDS.get(message.case, lambda: None)()
        return super().deliver(message)


class NoAdapter:
    """What an entry point should not name."""
