"""The databases that tests run on."""

from __future__ import annotations

import psycopg
import pytest


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""))


@pytest.mark.usefixtures("every_postgres")
def test_an_empty_database_has_no_table_and_no_superuser(empty_database_url: str) -> None:
    """A test gets an empty database on every PostgreSQL there is, as a role without privileges."""
    with connect(empty_database_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        superuser = connection.execute("SELECT current_setting('is_superuser')").fetchone()

    assert tables == (0,)
    assert superuser == ("off",)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_database_belongs_to_one_test(empty_database_url: str, turn: str) -> None:
    """What one test leaves in its database, even with a connection open, no other test meets."""
    connection = connect(empty_database_url)
    connection.execute("CREATE TABLE left_behind (turn text)")
    connection.commit()

    assert connection.execute("SELECT count(*) FROM left_behind").fetchone() == (0,)
