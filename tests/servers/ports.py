"""Ports for private servers."""

from __future__ import annotations

import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections: a server that is
# killed and started again finds its port still free.
_PORTS = range(20_000, 32_000)
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Return that many ports of 127.0.0.1 on which nobody listens, and that nobody here was given.

    A server that was given one may not have been started yet.
    """
    chance = random.SystemRandom()
    found: set[int] = set()
    while len(found) < count:
        port = chance.choice(_PORTS)
        if port not in _given and _is_free(port):
            found.add(port)
            _given.add(port)
    return list(found)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        # As servers do: a connection of before that still lingers keeps nobody out.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
