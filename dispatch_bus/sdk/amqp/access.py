"""Where a broker is, and as whom it is used."""

from __future__ import annotations

import ssl
from urllib.parse import SplitResult, unquote, urlsplit

from attrs import field, frozen
from pika import ConnectionParameters, PlainCredentials, SSLOptions
from pika.credentials import ExternalCredentials

from dispatch_bus.domain.checks import between
from dispatch_bus.domain.errors import Refused

_PORTS = {"amqp": 5672, "amqps": 5671}
# The broker gives up on a connection that is silent for two of these, and so does its other end.
_HEARTBEAT_S = 10
_URL = "Write amqps://room-BE@broker.example:5671/vhost; several nodes with ; between them."


@frozen(kw_only=True)
class Tls:
    """Whom to trust, as a PEM file, and with which certificate and key to show who one is."""

    ca_file: str
    certificate_file: str = ""
    key_file: str = ""


@frozen(kw_only=True)
class Access:
    """Where the broker is and as whom it is used.

    ``url`` is ``amqp://user@host:5672/vhost``, or ``amqps`` with TLS, which is then demanded;
    several nodes of one cluster have ``;`` between them and are tried in turn. Without
    ``password`` the certificate logs in (SASL EXTERNAL), as the user that the address names.
    ``timeout_s`` bounds each wait for the broker, in seconds.

    Raises:
        Refused: the address is none; a certificate, key or authority cannot be read.
    """

    url: str = field()
    password: str = field(repr=False)
    tls: Tls | None = None
    timeout_s: float = field(default=5.0, validator=between(0.001, 600, "seconds"))

    @url.validator
    def _is_amqp(self, _: object, value: str) -> None:
        nodes = [urlsplit(node) for node in value.split(";")]
        if not all(each.scheme in _PORTS and each.hostname and each.username for each in nodes):
            raise Refused("url", _without_password(value), _URL)

    def __attrs_post_init__(self) -> None:
        # Whoever writes down the way to a broker learns at once what is wrong with it.
        parameters(self, "")

    @property
    def user(self) -> str:
        """The user that speaks: the broker takes no message in the name of another."""
        return unquote(urlsplit(self.url.split(";")[0]).username or "")


def parameters(access: Access, name: str) -> list[ConnectionParameters]:
    """Return how to reach each node; ``name`` is what the broker calls the connection."""
    return [_node(urlsplit(node), access, name) for node in access.url.split(";")]


def _node(node: SplitResult, access: Access, name: str) -> ConnectionParameters:
    by_password = PlainCredentials(access.user, access.password)
    return ConnectionParameters(
        host=node.hostname or "",
        port=node.port or _PORTS[node.scheme],
        virtual_host=unquote(node.path[1:]) or "/",
        credentials=by_password if access.password else ExternalCredentials(),
        ssl_options=_ssl(node, access.tls) if node.scheme == "amqps" else None,
        heartbeat=_HEARTBEAT_S,
        socket_timeout=access.timeout_s,
        stack_timeout=access.timeout_s,
        blocked_connection_timeout=access.timeout_s,
        connection_attempts=1,
        client_properties={"connection_name": name},
    )


def _ssl(node: SplitResult, tls: Tls | None) -> SSLOptions:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file if tls else None)
        if tls and tls.certificate_file:
            context.load_cert_chain(tls.certificate_file, tls.key_file or None)
    except (OSError, ssl.SSLError) as error:
        remedy = f"Name PEM files that can be read and fit each other ({error})."
        raise Refused("tls", "not shown", remedy) from error
    return SSLOptions(context, node.hostname)


def _without_password(url: str) -> str:
    return url if "@" not in url else f"…@{url.rpartition('@')[2]}"
