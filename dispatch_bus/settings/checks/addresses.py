"""Hosts and ports, and when two of them collide."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from dispatch_bus.settings.models import Bus, RoomEntry

_DEFAULT_PORTS = {"http": 80, "https": 443}


@frozen
class Listener:
    """A server's host and port, with the key that sets them."""

    key: str
    host: str
    port: int


def listeners(bus: Bus) -> tuple[Listener, ...]:
    """Return the servers that the bus opens itself."""
    return (
        Listener("gateway.port", bus.gateway.host, bus.gateway.port),
        Listener("metrics.bus_port", bus.metrics.host, bus.metrics.bus_port),
    )


def conflict(one: Listener, other: Listener) -> bool:
    """Tell whether two servers want the same port of this machine; port 0 takes any free one."""
    if 0 in (one.port, other.port) or one.port != other.port:
        return False
    return one.host == other.host or (is_local(one.host) and is_local(other.host))


def is_local(host: str) -> bool:
    """Tell whether a host is this machine: a loopback or a wildcard address."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def split(url: object) -> SplitResult | None:
    """Return the pieces of a whole HTTP address, or none if it is not one."""
    try:
        pieces = urlsplit(str(url))
        whole = pieces.scheme in _DEFAULT_PORTS and bool(pieces.hostname) and pieces.port != 0
    except ValueError:
        return None
    return pieces if whole else None


def room_address(room: RoomEntry) -> tuple[str, int]:
    """Return a room's host and port; an empty host and port 0 if it has no HTTP address."""
    pieces = split(room.options.get("url"))
    if pieces is None or pieces.hostname is None:
        return "", 0
    return pieces.hostname, pieces.port or _DEFAULT_PORTS[pieces.scheme]
