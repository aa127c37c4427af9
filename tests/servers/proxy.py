"""A TCP proxy that makes a bad network between two processes of this machine.

It carries bytes both ways between its own port of 127.0.0.1 and a target, in a thread of its own,
through the weather that is set: late, in small slices, or not at all.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import attrs
from servers.ports import free_ports

_CHUNK = 65_536
# How much may be under way in one direction: a sender that is faster has to wait.
_CHUNKS_UNDER_WAY = 64
_CLOSE_AT_ONCE = struct.pack("ii", 1, 0)

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@attrs.frozen(kw_only=True)
class Weather:
    """What becomes of bytes: each ``delay_s`` late, ``slice_bytes`` at a time (0: as they come).

    In a ``black_hole`` they wait unseen until the weather changes; a new connection is taken, and
    finds nobody behind it.
    """

    delay_s: float = 0.0
    slice_bytes: int = 0
    black_hole: bool = False


CLEAR = Weather()


class Proxy:
    """Carries what comes to ``port`` to ``target``: a host and port, or the path of a socket."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self._target = target
        (self.port,) = free_ports(1)
        self._weather = CLEAR
        self._changed = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._open())

    # --- what a test does ---------------------------------------------------------------------

    def set(self, weather: Weather) -> None:
        """Change the weather for what is carried from now on, on old and new connections."""
        self._do(self._change(weather))

    def reset(self) -> None:
        """Break every connection as a firewall does, with RST; new ones are taken."""
        self._do(self._break())

    def cut(self) -> None:
        """Break every connection and refuse new ones, until ``heal``."""
        self._do(self._shut())

    def heal(self) -> None:
        """Carry everything again at once, and take new connections."""
        self._do(self._change(CLEAR))
        self._do(self._open())

    @property
    def connections(self) -> int:
        """How many connections are carried now."""
        return len(self._ends) // 2

    def close(self) -> None:
        """Break everything and end."""
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # --- on the proxy's own thread ------------------------------------------------------------

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def _change(self, weather: Weather) -> None:
        self._weather = weather
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._break()

    async def _break(self) -> None:
        for end in list(self._ends):
            sock = end.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_AT_ONCE)
            end.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, *near: Any) -> None:
        client: Pipe = (near[0], near[1])
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._ends.add(client[1])
        try:
            await self._between(client, await self._connect())
        except (OSError, asyncio.CancelledError):
            client[1].transport.abort()
        finally:
            self._ends.discard(client[1])
            self._tasks.discard(task)

    async def _connect(self) -> Pipe:
        await self._out_of_the_hole()
        if isinstance(self._target, str):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _between(self, client: Pipe, server: Pipe) -> None:
        self._ends.add(server[1])
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(client[0], server[1]))
                group.create_task(self._pump(server[0], client[1]))
        except* OSError:
            pass
        finally:
            self._ends.discard(server[1])
            for end in (client[1], server[1]):
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry one direction to its end; what is late makes nothing behind it later."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(source, under_way.put))
            group.create_task(self._give(under_way, sink))

    async def _take(
        self,
        source: asyncio.StreamReader,
        put: Callable[[tuple[float, bytes]], Coroutine[Any, Any, None]],
    ) -> None:
        while True:
            chunk = await source.read(_CHUNK)
            await put((self._loop.time() + self._weather.delay_s, chunk))
            if not chunk:
                return

    async def _give(
        self, under_way: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        while True:
            due, chunk = await under_way.get()
            await asyncio.sleep(due - self._loop.time())
            await self._out_of_the_hole()
            if not chunk:
                sink.write_eof()
                return
            await self._write(sink, chunk)

    async def _write(self, sink: asyncio.StreamWriter, chunk: bytes) -> None:
        size = self._weather.slice_bytes or len(chunk)
        for start in range(0, len(chunk), size):
            sink.write(chunk[start : start + size])
            await sink.drain()
            if size < len(chunk):
                # Apart, so that the other side reads each by itself.
                await asyncio.sleep(0.001)

    async def _out_of_the_hole(self) -> None:
        while self._weather.black_hole:
            await self._changed.wait()
