"""Checks of the servers that ``bus.toml`` names: the database, the broker and its management."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from dispatch_bus.settings.checks.addresses import split
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import Bus
from dispatch_bus.settings.models.bus import Tls
from dispatch_bus.settings.veil import veiled

FILE = "bus.toml"
_PLAIN, _ENCRYPTED = "amqp", "amqps"


def store_has_scheme(bus: Bus) -> Iterator[Finding]:
    """Find a store address that is neither empty nor PostgreSQL's; it may hold a password."""
    scheme = urlsplit(bus.store.url).scheme
    if bus.store.url and not scheme.startswith("postgresql"):
        remedy = 'Begin it with "postgresql://", or leave it empty for the embedded store.'
        yield Finding(FILE, "store.url", scheme or "no scheme", remedy)


def store_has_one_password(bus: Bus) -> Iterator[Finding]:
    """Find a password that is given twice, or for no server."""
    key, named = "store.password_file", bus.store.password_file
    if named and not bus.store.url:
        yield Finding(FILE, key, named, "Empty it: the embedded store needs no password.")
    elif named and urlsplit(bus.store.url).password:
        yield Finding(FILE, key, named, "Take the password out of store.url, or empty this.")


def broker_nodes_whole(bus: Bus) -> Iterator[Finding]:
    """Find addresses of the broker that lack a part, or that disagree with each other."""
    if bus.broker.url and not bus.broker.nodes:
        remedy = "Name a node, or empty it for the broker in memory."
        yield Finding(FILE, "broker.url", bus.broker.url, remedy)
    nodes = [_pieces(node) for node in bus.broker.nodes]
    for node, pieces in zip(bus.broker.nodes, nodes, strict=True):
        if remedy := _missing(pieces):
            yield Finding(FILE, "broker.url", veiled("broker.url", node), remedy)
    if len({_login(node) for node in nodes if node}) > 1:
        remedy = "Name one user and one vhost for all nodes: they are one cluster."
        yield Finding(FILE, "broker.url", veiled("broker.url", bus.broker.url), remedy)


def broker_has_one_password(bus: Bus) -> Iterator[Finding]:
    """Find a password that is given twice, or for no server."""
    key, named = "broker.password_file", bus.broker.password_file
    if named and not bus.broker.url:
        yield Finding(FILE, key, named, "Empty it: the broker in memory needs no password.")
    elif named and any(node and node.password for node in map(_pieces, bus.broker.nodes)):
        yield Finding(FILE, key, named, "Take the password out of broker.url, or empty this.")


def management_whole(bus: Bus) -> Iterator[Finding]:
    """Find a management interface that lacks its address or its user."""
    broker = bus.broker
    if broker.management_url and split(broker.management_url) is None:
        remedy = 'Write a whole address, such as "http://127.0.0.1:15672".'
        value = veiled("broker.management_url", broker.management_url)
        yield Finding(FILE, "broker.management_url", value, remedy)
    if broker.management_url and not broker.management_user:
        remedy = "Name the user that may declare vhosts, users and queues."
        yield Finding(FILE, "broker.management_user", "", remedy)
    if broker.management_url and not broker.url:
        remedy = "Empty it: the broker in memory has no management interface."
        value = veiled("broker.management_url", broker.management_url)
        yield Finding(FILE, "broker.management_url", value, remedy)


def tls_whole(bus: Bus) -> Iterator[Finding]:
    """Find half of an identity, and an identity that is shown to nobody."""
    yield from _tls("store.tls", bus.store.tls)
    yield from _tls("broker.tls", bus.broker.tls)
    if bus.store.tls.ca_file and not bus.store.url:
        remedy = "Empty it: the embedded store takes no connection from elsewhere."
        yield Finding(FILE, "store.tls.ca_file", bus.store.tls.ca_file, remedy)


def tls_fits_broker(bus: Bus) -> Iterator[Finding]:
    """Find a broker whose address and TLS contradict each other."""
    needed = _ENCRYPTED if bus.broker.tls.ca_file else _PLAIN
    for node in bus.broker.nodes:
        pieces = _pieces(node)
        if pieces and pieces.scheme in (_PLAIN, _ENCRYPTED) and pieces.scheme != needed:
            remedy = f'Begin it with "{needed}://": broker.tls.ca_file says whether TLS is used.'
            yield Finding(FILE, "broker.url", veiled("broker.url", node), remedy)


def partners_apart(bus: Bus) -> Iterator[Finding]:
    """Find inboxes on the vhost that carries the bus's own messages."""
    own = {unquote(node.path[1:]) for node in map(_pieces, bus.broker.nodes) if node}
    if bus.partners.vhost in own:
        remedy = "Use another than broker.url names: partners are to see nothing of the bus."
        yield Finding(FILE, "partners.vhost", bus.partners.vhost, remedy)


def _tls(key: str, tls: Tls) -> Iterator[Finding]:
    for one, other in (("certificate_file", "key_file"), ("key_file", "certificate_file")):
        if getattr(tls, one) and not getattr(tls, other):
            yield Finding(FILE, f"{key}.{other}", "", f"Name it too, or empty {key}.{one}.")
    if tls.certificate_file and not tls.ca_file:
        yield Finding(FILE, f"{key}.ca_file", "", "Name whom to trust, or no TLS is used at all.")


def _pieces(node: str) -> SplitResult | None:
    try:
        pieces = urlsplit(node)
        return pieces if pieces.port != 0 else None
    except ValueError:
        return None


def _missing(pieces: SplitResult | None) -> str:
    if pieces is None or pieces.scheme not in (_PLAIN, _ENCRYPTED) or not pieces.hostname:
        return 'Write a whole address, such as "amqp://bus@127.0.0.1:5672/dispatch-bus".'
    if not pieces.username:
        return "Name the user before the host, with @ between."
    if not pieces.path[1:]:
        return "Name the vhost after the host, such as /dispatch-bus."
    return ""


def _login(pieces: SplitResult) -> tuple[str | None, str]:
    return pieces.username, pieces.path
