"""The schema: what the migrations make, and the refusal of any other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, text

from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.store import tables
from dispatch_bus.store.engine import connect
from dispatch_bus.store.migrating import migrate
from dispatch_bus.store.schema import check, revision


def difference(connection: Connection) -> list[object]:
    """Compare the tables in the database with those that the code declares."""

    def is_ours(name: str | None, kind: str, _: object) -> bool:
        partition = kind == "table" and (name or "").startswith("journal_from_")
        # The journal's indexes are made on a partitioned table, and named in the migration alone.
        return not partition and name not in {"journal_incident", "journal_notice"}

    context = MigrationContext.configure(
        connection, opts={"include_name": is_ours, "compare_type": _types_differ}
    )
    return list(compare_metadata(context, tables.metadata))


def _types_differ(_c: object, _i: object, column: Column[object], *_: object) -> bool | None:
    # SQLAlchemy has no xid8; the bus reads it as text and never writes it.
    return False if column.name == "xid" else None


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
@pytest.mark.usefixtures("every_postgres")
def test_the_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    """Column for column and index for index there is no difference."""
    engine = connect(database_url)
    with engine.connect() as connection:
        assert difference(connection) == []
    engine.dispose()


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_a_column_too_many_would_be_found(database_url: str) -> None:
    """The comparison sees a table that somebody changed by hand."""
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE notice ADD COLUMN mood text"))
        assert len(difference(connection)) == 1
    engine.dispose()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    """A schema that is up to date is left alone."""
    migrate(database_url)
    check(database_url)


def test_several_migrations_at_once_do_it_once(empty_database_url: str) -> None:
    """Processes that start together wait for each other."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [empty_database_url] * 4))
    check(empty_database_url)


def test_an_empty_database_is_refused(empty_database_url: str) -> None:
    """The bus does not run on nothing, and says what to do."""
    with pytest.raises(Stop, match=r"schema none.*dispatch-bus migrate"):
        check(empty_database_url)


@pytest.mark.parametrize("act", [check, migrate], ids=["run", "migrate"])
def test_a_newer_schema_is_refused(database_url: str, act: Callable[[str], None]) -> None:
    """An old bus neither writes into the tables of a newer one nor changes them."""
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE compatibility SET oldest = '9998'"))
    engine.dispose()
    with pytest.raises(Stop, match=r"schema 9999.*newer version"):
        act(database_url)


@pytest.mark.parametrize("act", [check, migrate], ids=["run", "migrate"])
def test_a_newer_schema_that_only_added_something_is_worked_with(
    database_url: str, act: Callable[[str], None]
) -> None:
    """While an upgrade is under way, older processes start and go on beside the newer ones."""
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    act(database_url)
    with engine.begin() as connection:
        assert revision(connection) == "9999"
    engine.dispose()


def test_a_database_that_is_not_there_is_tried_again() -> None:
    """Nobody listening is a matter of time, not of the schema."""
    with pytest.raises(Retry):
        check("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
