"""Fixtures that every kind of test may ask for.

``database_url`` and ``empty_database_url`` are databases on the PostgreSQL of the wheel. A test
that must hold on every PostgreSQL the machine has asks for ``every_postgres`` as well
(``@pytest.mark.usefixtures("every_postgres")``) and then runs once on each.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from servers.postgres import DatabaseServer, DatabaseServers, programs

# A busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
