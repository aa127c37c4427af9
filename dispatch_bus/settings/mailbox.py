"""How the bus reaches its rooms' mailboxes: the broker of ``bus.toml``, in the partners' vhost."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from dispatch_bus.settings.models import Bus


def mailbox_options(bus: Bus) -> dict[str, Any]:
    """Return the options that every room with a mailbox has; its own entry needs none."""
    broker = bus.broker
    files = {"password_file": broker.password_file, **broker.tls.model_dump()}
    return {
        "url": ";".join(_at(node, bus.partners.vhost) for node in broker.nodes),
        "expiry_s": bus.partners.expiry_s,
        **{name: _absolute(bus, file) for name, file in files.items()},
    }


def _at(node: str, vhost: str) -> str:
    return urlsplit(node)._replace(path=f"/{quote(vhost, safe='')}").geturl()


def _absolute(bus: Bus, file: str) -> str:
    return str(Path(bus.data.folder).resolve() / file) if file else ""
