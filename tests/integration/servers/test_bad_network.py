"""The proxy that plays a bad network."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from servers.proxy import Proxy, Weather
from servers.waiting import wait_for


def echo(server: socket.socket) -> None:
    """Send back what comes, to each who connects, until the server is closed."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    """Send back what comes on one connection."""
    with connection:
        try:
            while chunk := connection.recv(65_536):
                connection.sendall(chunk)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy before a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=echo, args=(server,), daemon=True).start()
        with closing(Proxy(server.getsockname()[:2])) as made:
            yield made


def connected(proxy: Proxy) -> socket.socket:
    """Connect through the proxy."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def test_in_clear_weather_it_carries_everything(proxy: Proxy) -> None:
    """What goes in comes out whole and in order, however much it is."""
    told = bytes(range(256)) * 8_000
    with connected(proxy) as client:
        threading.Thread(target=client.sendall, args=(told,)).start()
        heard = read(client, len(told))
    assert heard == told


def read(client: socket.socket, count: int) -> bytes:
    """Read so many bytes."""
    heard = bytearray()
    while len(heard) < count:
        chunk = client.recv(65_536)
        assert chunk, "the connection has ended"
        heard += chunk
    return bytes(heard)


def has_heard(client: socket.socket, within_s: float) -> bool:
    """Tell whether something comes within that time."""
    return bool(select.select([client], [], [], within_s)[0])


def test_slices_arrive_whole(proxy: Proxy) -> None:
    """Three bytes at a time, it is the same in the end."""
    proxy.set(Weather(slice_bytes=3))
    with connected(proxy) as client:
        client.sendall(b"in small slices")
        first = client.recv(65_536)
        assert len(first) < len(b"in small slices")
        assert first + read(client, 15 - len(first)) == b"in small slices"


def test_a_delay_makes_each_byte_late_and_no_byte_later(proxy: Proxy) -> None:
    """Nothing is heard before its time."""
    proxy.set(Weather(delay_s=0.3))
    with connected(proxy) as client:
        client.sendall(b"late")
        assert not has_heard(client, within_s=0.2)
        assert read(client, 4) == b"late"


def test_a_black_hole_holds_what_it_swallows_until_it_is_gone(proxy: Proxy) -> None:
    """A connection lives on without a sign of life, a new one too, and both go on afterwards."""
    with connected(proxy) as before:
        proxy.set(Weather(black_hole=True))
        before.sendall(b"before")
        with connected(proxy) as after:
            after.sendall(b"after")
            assert not has_heard(before, within_s=0.2)
            assert not has_heard(after, within_s=0.0)
            proxy.heal()
            assert read(before, 6) == b"before"
            assert read(after, 5) == b"after"


def test_a_reset_breaks_what_is_connected_and_nothing_else(proxy: Proxy) -> None:
    """The client is told at once, and may connect again."""
    with connected(proxy) as client:
        client.sendall(b"x")
        read(client, 1)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert proxy.connections == 0
    with connected(proxy) as client:
        client.sendall(b"again")
        assert read(client, 5) == b"again"


def test_a_cut_line_refuses_until_it_is_mended(proxy: Proxy) -> None:
    """What was connected is broken, and nobody gets in before the line is whole again."""
    with connected(proxy) as client:
        client.sendall(b"x")
        read(client, 1)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.heal()
    with connected(proxy) as client:
        client.sendall(b"again")
        assert read(client, 5) == b"again"


def test_an_end_is_passed_on(proxy: Proxy) -> None:
    """When one side has said all, the other hears so, and the connection is let go."""
    with connected(proxy) as client:
        client.sendall(b"all")
        client.shutdown(socket.SHUT_WR)
        assert read(client, 3) == b"all"
        assert client.recv(1) == b""
    wait_for(lambda: proxy.connections == 0, "the connection is let go")


def test_a_target_that_is_not_there_ends_the_connection() -> None:
    """Nobody waits for a server that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = server.getsockname()[:2]
    with closing(Proxy(nobody)) as made, connected(made) as client:
        assert client.recv(1) == b""
