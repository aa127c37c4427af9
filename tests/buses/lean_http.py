"""As little HTTP as a load generator needs: it must cost far less than what it loads.

Requests with a length, answers with a length, connections that stay open. A web framework takes
longer for each request than the bus has for a whole incident at the rates that are wanted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

_REASONS = {200: b"OK", 204: b"No Content", 404: b"Not Found"}


@frozen
class Request:
    """A request: method and path as one word, its parameters and its body."""

    what: str
    parameters: dict[str, str]
    body: bytes


Handler = Callable[[Request], Awaitable[tuple[int, bytes]]]


async def listen(port: int, handler: Handler) -> asyncio.Server:
    """Serve ``handler``, which returns status and JSON, on a port of the loopback address."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                writer.write(_answer(*await handler(request)))
        except ConnectionError:
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *headers = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ")
    named = dict(header.lower().split(": ", 1) for header in headers if header)
    body = await reader.readexactly(int(named.get("content-length", "0")))
    url = urlsplit(target)
    parameters = {name: values[-1] for name, values in parse_qs(url.query).items()}
    return Request(f"{method} {url.path}", parameters, body)


def _answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        status,
        _REASONS[status],
        len(body),
        body,
    )
