"""The SDK's connection over TLS, with certificates of both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from servers.certificates import Authority
from servers.rabbitmq import ADMIN, RabbitServer, RabbitServers
from servers.rabbitmq import Tls as ServerTls
from servers.waiting import wait_for

from dispatch_bus.domain.errors import Retry
from dispatch_bus.messaging.admin import items
from dispatch_bus.messaging.admin.api import Login, Management
from dispatch_bus.sdk.amqp import Access, Connection, Tls


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who issues the certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(rabbit_servers: RabbitServers, authority: Authority) -> Iterator[RabbitServer]:
    """A broker that demands a certificate of its clients."""
    made = rabbit_servers.node(tls=ServerTls(authority.ca_file, authority.server()))
    made.start()
    made.make_vhost("secret")
    path = "/api/queues/secret/told"
    made.api("PUT", path, json={"durable": True}).raise_for_status()
    yield made
    made.kill()


def _depth(server: RabbitServer, tls: Tls) -> int:
    access = Access(
        url=server.tls_url("secret", ADMIN), password=server.password, tls=tls, timeout_s=20.0
    )
    with closing(Connection(access, "test")) as connection:
        return connection.depth("told").messages


def _identity(authority: Authority, name: str) -> dict[str, str]:
    own = authority.client(name)
    return {"certificate_file": str(own.certificate_file), "key_file": str(own.key_file)}


def test_both_sides_show_who_they_are(server: RabbitServer, authority: Authority) -> None:
    """With a certificate of the authority that the other trusts, the connection works."""
    tls = Tls(ca_file=str(authority.ca_file), **_identity(authority, "room-BE"))
    assert _depth(server, tls) == 0


def test_a_certificate_logs_in_as_the_user_that_it_names(
    server: RabbitServer, authority: Authority
) -> None:
    """Without any password: the broker takes the common name for the user."""
    told = items.user("room-BE", "").told()
    server.api("PUT", "/api/users/room-BE", json=told).raise_for_status()
    rights = {"configure": "^$", "write": "^$", "read": "^told$"}
    server.api("PUT", "/api/permissions/secret/room-BE", json=rights).raise_for_status()
    tls = Tls(ca_file=str(authority.ca_file), **_identity(authority, "room-BE"))
    access = Access(url=server.tls_url("secret", "room-BE"), password="", tls=tls, timeout_s=20.0)
    with closing(Connection(access, "test", queues=("told",))) as connection:
        wait_for(lambda: connection.depth("told").readers == 1, "it reads")


def test_a_client_without_a_certificate_is_turned_away(
    server: RabbitServer, authority: Authority
) -> None:
    """Where the broker demands one."""
    with pytest.raises(Retry, match="the broker is not reached"):
        _depth(server, Tls(ca_file=str(authority.ca_file)))


def test_a_broker_that_another_authority_vouches_for_is_not_trusted(
    server: RabbitServer, authority: Authority, tmp_path: Path
) -> None:
    """Whoever it is, nothing is said to it."""
    stranger = Authority(tmp_path, "Somebody else")
    tls = Tls(ca_file=str(stranger.ca_file), **_identity(authority, "room-BE"))
    with pytest.raises(Retry, match="CERTIFICATE_VERIFY_FAILED"):
        _depth(server, tls)


def test_the_management_interface_is_asked_over_tls(
    server: RabbitServer, authority: Authority
) -> None:
    """The same authority vouches for it."""
    login = Login(
        url=server.management_tls_url,
        user=ADMIN,
        password=server.password,
        ca_file=str(authority.ca_file),
    )
    with closing(Management(login)) as management:
        assert management.version() >= (3, 10)


def test_a_management_interface_that_nobody_vouches_for_is_not_trusted(
    server: RabbitServer, tmp_path: Path
) -> None:
    """No password is sent to it."""
    ca_file = Authority(tmp_path, "Somebody else").ca_file
    login = Login(
        url=server.management_tls_url, user=ADMIN, password=server.password, ca_file=str(ca_file)
    )
    with closing(Management(login)) as management, pytest.raises(Retry, match="is not reached"):
        management.version()
