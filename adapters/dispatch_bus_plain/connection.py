"""The room's HTTP interface: one bounded request at a time, each failure in plain words."""

from __future__ import annotations

from typing import Any

import httpx
from attrs import frozen

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.json import JSON, parse
from dispatch_bus.sdk.adapter import TooLarge
from dispatch_bus_plain.options import Options

MAX_BODY_BYTES = 16 * 1024 * 1024


@frozen
class Answer:
    """A room's answer: its status and the bytes of its body, whose type is ``kind``."""

    status: int
    kind: str
    body: bytes

    def json(self) -> JSON:
        """Return the object in the body.

        Raises:
            Retry: there is none, or half of one.
        """
        if not self.kind.startswith("application/json"):
            raise Retry(f"the room answered with {self.kind or 'no content type'}, not with JSON")
        try:
            value = parse(self.body)
        except Refused as error:
            raise Retry("the room's answer is no JSON, or half of it") from error
        if not isinstance(value, dict):
            raise Retry("the room's answer is JSON, but no object")
        return value


class Connection:
    """Talks to one room, over one kept connection."""

    def __init__(self, options: Options) -> None:
        self._timeout_s = options.timeout_s
        self._client = httpx.Client(
            base_url=options.url,
            headers={"Authorization": f"Bearer {options.token}", "Accept-Encoding": "identity"},
            # A room is reached as its operator says, not as a variable of the shell does.
            trust_env=False,
        )

    def get(self, path: str, *, wait_s: float = 0.0, **parameters: str | int | float) -> Answer:
        """Ask for ``path``; the room may think about it for ``wait_s`` seconds."""
        return self._send("GET", path, self._timeout_s + wait_s, params=parameters)

    def post(self, path: str, value: JSON) -> Answer:
        """Send ``value`` to ``path``."""
        return self._send("POST", path, self._timeout_s, json=value)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _send(self, method: str, path: str, timeout_s: float, **content: Any) -> Answer:
        timeout = httpx.Timeout(timeout_s)
        try:
            with self._client.stream(method, path, timeout=timeout, **content) as response:
                kind = response.headers.get("content-type", "")
                return Answer(response.status_code, kind, _body(response))
        except httpx.TimeoutException as error:
            raise Retry(f"the room did not answer {method} {path} in {timeout_s:g} s") from error
        except httpx.HTTPError as error:
            what = f"the room is not reached, or broke off ({type(error).__name__}: {error})"
            raise Retry(what) from error


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    # Raw: a small compressed body can hold more than the machine does.
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge("the room's answer", len(body), MAX_BODY_BYTES)
    return bytes(body)
