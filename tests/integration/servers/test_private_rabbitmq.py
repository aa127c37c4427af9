"""RabbitMQ for tests: private, whole, and gone without a trace."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import amqp
import psutil
import pytest
from servers.certificates import Authority
from servers.rabbitmq import ADMIN, RabbitServer, RabbitServers, Tls, Vhost
from servers.waiting import is_running


def listens_at(pid: int) -> set[str]:
    """Return the addresses at which a process takes connections."""
    seen = psutil.Process(pid).net_connections()
    return {one.laddr.ip for one in seen if one.status == psutil.CONN_LISTEN}


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """An authority of the tests' own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Authority(Path(folder))


def test_it_listens_on_this_machine_alone(rabbit_server: RabbitServer) -> None:
    """Neither clients nor other nodes nor the tools find it from elsewhere."""
    assert listens_at(rabbit_server.pid) == {"127.0.0.1"}


def test_a_test_has_a_virtual_host_of_its_own(rabbit: Vhost) -> None:
    """It is empty, and its administrator may do everything in it."""
    address, password = f"127.0.0.1:{rabbit.server.port}", rabbit.server.password
    with amqp.Connection(address, ADMIN, password, virtual_host=rabbit.name) as connection:
        channel = connection.channel()
        assert channel.queue_declare("mine", durable=True, auto_delete=False).message_count == 0
        queues = rabbit.server.api("GET", f"/api/queues/{rabbit.name}").json()
    assert [one["name"] for one in queues] == ["mine"]


def test_what_is_closed_leaves_nothing_behind() -> None:
    """Neither a process nor a file of a server is left, even where it is frozen."""
    before = {one.pid for one in psutil.process_iter()}
    with closing(RabbitServers()) as servers:
        server = servers.node()
        server.start()
        server.freeze()
        folder = server.log.parent.parent
        mine = psutil.Process().children(recursive=True)
        started = [one.pid for one in mine if one.pid not in before]
        assert server.pid in started
    assert not folder.exists()
    assert not any(map(is_running, started))


def test_over_tls_it_knows_who_comes(rabbit_servers: RabbitServers, authority: Authority) -> None:
    """A client with a certificate of the authority gets in, and one without does not."""
    server = rabbit_servers.node(tls=Tls(authority.ca_file, authority.server()))
    server.start()
    known = authority.client("bus")

    def connect(**own: Any) -> None:
        options = {"ca_certs": str(authority.ca_file), "server_hostname": "localhost", **own}
        options["cert_reqs"] = ssl.CERT_REQUIRED
        address, password = f"localhost:{server.tls_port}", server.password
        with amqp.Connection(
            address, ADMIN, password, login_method="PLAIN", ssl=options
        ) as connection:
            assert connection.connected

    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect()
    connect(certfile=str(known.certificate_file), keyfile=str(known.key_file))
    server.kill()
