"""Fixtures that every kind of test may ask for.

``database_url`` and ``empty_database_url`` are databases on the PostgreSQL of the wheel. A test
that must hold on every PostgreSQL the machine has asks for ``every_postgres`` as well
(``@pytest.mark.usefixtures("every_postgres")``) and then runs once on each.

``rabbit`` is a virtual host on a private RabbitMQ; a test that harms its server starts one of its
own (``servers.rabbitmq.RabbitServers``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import settings
from servers.packages import NotThere
from servers.postgres import DatabaseServer, DatabaseServers, programs
from servers.rabbitmq import RabbitServer, RabbitServers, Vhost

# A busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
_vhost_numbers = itertools.count(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for every PostgreSQL once on each."""
    if "every_postgres" in metafunc.fixturenames:
        metafunc.parametrize("postgres_server", list(programs()), indirect=True)


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[DatabaseServers]:
    """All private PostgreSQL servers of this run."""
    servers = DatabaseServers()
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def postgres_server(
    request: pytest.FixtureRequest, postgres_servers: DatabaseServers
) -> DatabaseServer:
    """A private PostgreSQL server: the wheel's, unless the test asks for every one."""
    return postgres_servers.get(getattr(request, "param", "pg18-wheel"))


@pytest.fixture
def every_postgres(postgres_server: DatabaseServer) -> DatabaseServer:
    """The server that this run of the test is on: each one in turn."""
    return postgres_server


@pytest.fixture
def empty_database_url(postgres_server: DatabaseServer) -> Iterator[str]:
    """The URL of a database of the test's own, without any table."""
    with postgres_server.empty_database() as url:
        yield url


@pytest.fixture
def database_url(postgres_server: DatabaseServer) -> Iterator[str]:
    """The URL of a database of the test's own, with the bus's schema."""
    with postgres_server.migrated_database() as url:
        yield url


@pytest.fixture(scope="session")
def rabbit_servers() -> Iterator[RabbitServers]:
    """The private RabbitMQ servers of this run, none of them started yet."""
    try:
        servers = RabbitServers()
    except NotThere as reason:
        pytest.fail(str(reason), pytrace=False)
    with closing(servers):
        yield servers


@pytest.fixture(scope="session")
def rabbit_server(rabbit_servers: RabbitServers) -> RabbitServer:
    """A RabbitMQ that many tests share: make a virtual host of your own, and leave it running."""
    server = rabbit_servers.node()
    server.start()
    return server


@pytest.fixture
def rabbit(rabbit_server: RabbitServer) -> Iterator[Vhost]:
    """A virtual host of the test's own."""
    made = Vhost(rabbit_server, f"test-{next(_vhost_numbers)}")
    rabbit_server.make_vhost(made.name)
    yield made
    rabbit_server.drop_vhost(made.name)
