"""A broker that takes connections, answers as far as it is told to, and then says nothing more."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Sequence

Answer = tuple[int, int, bytes]

# Methods of AMQP 0-9-1 in the order that a client waits for them: how many frames it sends
# before, the channel, the method.
START: Answer = (
    0,
    0,
    struct.pack(">HHBBI", 10, 10, 0, 9, 0) + b"\0\0\0\x05PLAIN\0\0\0\x05en_US",
)
TUNE: Answer = (1, 0, struct.pack(">HHHIH", 10, 30, 100, 131072, 0))
OPENED: Answer = (2, 0, struct.pack(">HHB", 10, 41, 0))
CHANNEL_OPENED: Answer = (1, 1, struct.pack(">HHI", 20, 11, 0))
UNTIL_CHANNEL = (START, TUNE, OPENED, CHANNEL_OPENED)
_PROTOCOL_HEADER = 8


class MuteBroker:
    """Listens on the loopback address; ``ended`` has one event per connection, set at its end."""

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        self._answers = answers
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqp://guest:guest@127.0.0.1:{self._listening.getsockname()[1]}//"
        self.ended: list[threading.Event] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.ended.append(threading.Event())
            threading.Thread(target=self._serve, args=(client, self.ended[-1]), daemon=True).start()

    def _serve(self, client: socket.socket, ended: threading.Event) -> None:
        with client, client.makefile("rb") as incoming:
            incoming.read(_PROTOCOL_HEADER)
            for frames, channel, method in self._answers:
                for _ in range(frames):
                    _skip_frame(incoming.read)
                client.sendall(struct.pack(">BHI", 1, channel, len(method)) + method + b"\xce")
            while incoming.read(1):
                pass
        ended.set()


def _skip_frame(read: Callable[[int], bytes]) -> None:
    (_, _, size) = struct.unpack(">BHI", read(7))
    read(size + 1)
