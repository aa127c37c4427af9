"""Malformed AMQP messages of every kind, none of which is a wake-up.

Each kind is wrong in one way alone: all else about it is as it should be.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

import attrs

_JSON = "application/json"
_DEEP = 100_000
_LARGE = 1_000_000
_BOMB = 64_000_000


@attrs.frozen(kw_only=True)
class Malformed:
    """A message as it is published: ``flaw`` says what is wrong with it."""

    flaw: str
    body: bytes
    content_type: str | None = _JSON
    headers: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def properties(self) -> dict[str, Any]:
        """The AMQP properties, for py-amqp's ``Message``; it is kept on disk like any other."""
        told = {
            "content_type": self.content_type,
            "content_encoding": "utf-8",
            "application_headers": dict(self.headers) or None,
        }
        return {"delivery_mode": 2, **{key: value for key, value in told.items() if value}}

    def record(self, queue: str) -> str:
        """Return the name under which quarantine keeps it when it came to ``queue``."""
        return f"{queue}/{sha256(self.body).hexdigest()[:16]}"


def _wakeup(tag: str) -> dict[str, Any]:
    return {"kind": "decide", "lane": "", "reference": tag, "revision": 1, "correlation": tag}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _good(tag: str) -> bytes:
    return _json(_wakeup(tag))


def _without(name: str) -> Callable[[str], bytes]:
    return lambda tag: _json({key: value for key, value in _wakeup(tag).items() if key != name})


def _with(**changes: Any) -> Callable[[str], bytes]:
    return lambda tag: _json({**_wakeup(tag), **changes})


# By the tag that makes one message differ from the next of its kind.
_BODIES: dict[str, Callable[[str], bytes]] = {
    "prose": lambda tag: f"please decide {tag}".encode(),
    "cut short": lambda tag: _good(tag)[:-7],
    "two in one": lambda tag: _good(tag) * 2,
    "not UTF-8": lambda tag: _good(tag).replace(b'"decide"', b'"\xff\xfe"'),
    "UTF-16": lambda tag: _good(tag).decode().encode("utf-16-be")[1:],
    "binary": lambda tag: bytes(range(256)) + tag.encode(),
    "NUL bytes": lambda tag: b"\0" * 100 + tag.encode(),
    "a number": lambda tag: tag.encode(),
    "a text": _json,
    "a list": lambda tag: _json([_wakeup(tag)]),
    "another system's event": lambda tag: _json({"args": [tag], "kwargs": {}}),
    **{f"without {name}": _without(name) for name in _wakeup("")},
    "a lane that is a number": _with(lane=7),
    "a lane that is null": _with(lane=None),
    "a revision that is a text": _with(revision="1"),
    "a revision that is a fraction": _with(revision=1.5),
    "a revision that is a truth value": _with(revision=True),
    "a correlation that is a list": _with(correlation=["c"]),
    "an unknown kind": _with(kind="obey"),
}
# What cannot differ from the next of its kind, or is too much for many of it.
_ONCE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n\t",
    "null": b"null",
    "no number": b"NaN",
    "an empty object": b"{}",
    "large": b"x" * _LARGE,
    "nested beyond measure": b"[" * _DEEP + b"]" * _DEEP,
}
_TYPES: dict[str, str | None] = {
    "no content type": None,
    "plain text": "text/plain",
    "bytes": "application/octet-stream",
    "a pickle": "application/x-python-serialize",
    "YAML": "application/x-yaml",
    "XML": "application/xml",
    "no media type at all": "\u00e9//;;",
}
_COMPRESSED = {
    "compressed": ("zlib", zlib.compress(_good("compressed"))),
    "compressed as nobody can": ("nobody", zlib.compress(_good("unknown"))),
    "not compressed at all": ("zlib", b"as it is"),
    "small, and large inside": ("zlib", zlib.compress(b"x" * _BOMB)),
}


def once() -> list[Malformed]:
    """Return the messages that come but once."""
    bodies = (Malformed(flaw=name, body=body) for name, body in _ONCE.items())
    compressed = (
        Malformed(flaw=name, body=body, headers={"compression": how})
        for name, (how, body) in _COMPRESSED.items()
    )
    return [*bodies, *compressed]


def many(count: int, first: int = 1) -> Iterator[Malformed]:
    """Yield ``count`` different messages, each kind in its turn; ``first`` goes on from others."""
    makers = [*map(_of_body, _BODIES), *map(_of_type, _TYPES)]
    for number in range(first, first + count):
        yield makers[number % len(makers)](str(number))


def _of_body(name: str) -> Callable[[str], Malformed]:
    return lambda tag: Malformed(flaw=name, body=_BODIES[name](tag))


def _of_type(name: str) -> Callable[[str], Malformed]:
    return lambda tag: Malformed(flaw=name, body=_good(tag), content_type=_TYPES[name])
