"""The kinds of things that a broker holds: how each is named, asked for and compared."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

Value = Mapping[str, Any]


@frozen(kw_only=True)
class Item:
    """One thing that the broker is to hold.

    ``path`` is where the management interface has it, ``value`` how it is to be. ``secret`` is a
    user's password. What ``is_fixed`` cannot be changed once it is made.
    """

    kind: str
    vhost: str
    name: str
    path: str
    value: Value
    secret: str = field(default="", repr=False)
    is_fixed: bool = False

    def told(self) -> dict[str, Any]:
        """Return the value as the management interface takes it."""
        if self.kind == "vhost":
            # Under this name before RabbitMQ 3.11.
            return {**self.value, "defaultqueuetype": self.value["default_queue_type"]}
        return {**self.value, "password": self.secret} if self.secret else dict(self.value)

    def wrong_in(self, found: Value) -> list[str]:
        """Return the names of what is not as it is to be."""
        wrong = [name for name, value in self.value.items() if found.get(name) != value]
        if self.secret and not _is_hash_of(self.secret, found):
            wrong.append("password")
        return wrong


def vhost(name: str) -> Item:
    """A virtual host whose queues are replicated unless said otherwise."""
    value = {"default_queue_type": "quorum"}
    return Item(kind="vhost", vhost=name, name=name, path=_path("vhosts", name), value=value)


def user(name: str, password: str) -> Item:
    """A user that may administrate nothing; without a password, one whom a certificate names."""
    value: Value = {"tags": []} if password else {"tags": [], "password_hash": ""}
    return Item(
        kind="user", vhost="", name=name, path=_path("users", name), value=value, secret=password
    )


def permission(vhost: str, user: str, *, write: str, read: str) -> Item:
    """What a user may write and read in a virtual host; it may declare nothing."""
    value = {"configure": "^$", "write": write, "read": read}
    path = _path("permissions", vhost, user)
    return Item(kind="permission", vhost=vhost, name=user, path=path, value=value)


def policy(vhost: str, name: str, pattern: str, definition: Value) -> Item:
    """What holds for every queue whose name matches ``pattern``."""
    value = {"pattern": pattern, "apply-to": "queues", "priority": 0, "definition": definition}
    path = _path("policies", vhost, name)
    return Item(kind="policy", vhost=vhost, name=name, path=path, value=value)


def exchange(vhost: str, name: str, kind: str, **arguments: str) -> Item:
    """A durable exchange of a kind; ``alternate_exchange`` takes what it has no queue for."""
    told = {key.replace("_", "-"): value for key, value in arguments.items()}
    value = {"type": kind, "durable": True, "auto_delete": False, "arguments": told}
    path = _path("exchanges", vhost, name)
    return Item(kind="exchange", vhost=vhost, name=name, path=path, value=value, is_fixed=True)


def queue(vhost: str, name: str) -> Item:
    """A replicated queue; its limits are a policy's, which can be changed."""
    value = {"durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}}
    path = _path("queues", vhost, name)
    return Item(kind="queue", vhost=vhost, name=name, path=path, value=value, is_fixed=True)


def binding(vhost: str, exchange: str, queue: str, key: str) -> Item:
    """What goes from an exchange to a queue."""
    path = f"{_path('bindings', vhost)}/e/{_quoted(exchange)}/q/{_quoted(queue)}"
    name = f"{exchange} → {queue} ({key})"
    value = {"routing_key": key, "arguments": {}}
    return Item(kind="binding", vhost=vhost, name=name, path=path, value=value)


def _path(*steps: str) -> str:
    return "/".join(("/api", *map(_quoted, steps)))


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _is_hash_of(password: str, found: Value) -> bool:
    """Compare with the broker's salted hash: four bytes of salt before the digest, in base64."""
    algorithm = str(found.get("hashing_algorithm", "")).rpartition("_")[2]
    if algorithm not in {"sha256", "sha512"}:
        return False
    kept = b64decode(found.get("password_hash", ""))
    digest = hashlib.new(algorithm, kept[:4] + password.encode()).digest()
    return kept[4:] == digest
