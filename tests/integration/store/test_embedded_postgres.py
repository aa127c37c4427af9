"""The private server: its data, its settings, and what it refuses to start on."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from servers.postgres import programs

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded import EmbeddedPostgres, Running, find_running
from dispatch_bus.store.embedded.folders import Folders


def query(server: Running, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(sql.SQL(text))  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("bin_dir", programs().values(), ids=programs())
def test_data_outlives_a_stop(data_dir: Path, bin_dir: Path) -> None:
    """What was committed before a stop is there after the next start, on every PostgreSQL."""
    server = EmbeddedPostgres(data_dir, bin_dir=bin_dir)
    query(server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()

    with server:
        assert query(server.running, "SELECT answer FROM kept") == [(42,)]


def test_it_can_be_found_only_while_it_runs(data_dir: Path) -> None:
    """Another command finds the running server by its data folder, and nothing after its stop."""
    with EmbeddedPostgres(data_dir) as server:
        assert find_running(data_dir) == server.running

    assert find_running(data_dir) is None


def test_it_listens_on_no_network_and_in_a_closed_folder(data_dir: Path) -> None:
    """The only way in is a socket in a folder that no other user may enter."""
    with EmbeddedPostgres(data_dir) as server:
        assert query(server.running, "SHOW listen_addresses") == [("",)]
        assert server.running.socket_dir.stat().st_mode & 0o777 == 0o700


def test_the_bus_is_no_superuser(data_dir: Path) -> None:
    """The bus's role owns its database and has no rights that a shared server would not give."""
    with EmbeddedPostgres(data_dir) as server:
        assert query(server.running, "SHOW is_superuser") == [("off",)]
        query(server.running, "CREATE TABLE its_own ()")


def test_commits_reach_the_disk_whatever_the_files_say(data_dir: Path) -> None:
    """Durability cannot be switched off by editing the configuration."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    with (data_dir / "cluster" / "postgresql.conf").open("a") as settings:
        settings.write("fsync = off\nsynchronous_commit = off\nlog_min_messages = debug1\n")

    with server:
        answer = query(server.running, "SHOW fsync") + query(
            server.running, "SHOW synchronous_commit"
        )

    assert answer == [("on",), ("on",)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'Jan Janssens'::date",
        "SELECT 'Jan Janssens' FROM nowhere",
        "DO $$ BEGIN RAISE WARNING 'Jan Janssens'; RAISE EXCEPTION 'Jan Janssens'; END $$",
    ],
)
def test_no_value_of_a_record_reaches_the_log(data_dir: Path, statement: str) -> None:
    """A statement that fails on a person's data leaves nothing of it in the server's log."""
    with EmbeddedPostgres(data_dir) as server, pytest.raises(psycopg.Error):
        query(server.running, statement)

    assert "Janssens" not in server.log.read_text()
    assert "ready to accept connections" in server.log.read_text()


def test_a_long_path_and_odd_characters_are_no_obstacle(data_dir: Path) -> None:
    """A data folder too deep for a socket, with spaces, quotes and commas, works all the same."""
    deep = data_dir / 'een meldkamer, \'n "grens" é' / ("x" * 120)
    with EmbeddedPostgres(deep) as server:
        assert query(server.running, "SELECT 1") == [(1,)]


def test_a_folder_that_only_root_may_enter_will_do(data_dir: Path) -> None:
    """The server runs over a folder whose parents are closed to its user, and leaves them so."""
    closed = data_dir / "closed"
    closed.mkdir(parents=True, mode=0o700)
    with EmbeddedPostgres(closed / "data") as server:
        assert query(server.running, "SELECT 1") == [(1,)]
        assert closed.stat().st_mode & 0o777 == 0o700


def test_a_second_launcher_is_refused_by_number(data_dir: Path) -> None:
    """Whoever starts a second server over a folder is told which process has the first."""
    with EmbeddedPostgres(data_dir) as server:
        with pytest.raises(Stop, match=rf"in use by .* process number {os.getpid()}\."):
            EmbeddedPostgres(data_dir).start()

        assert query(server.running, "SELECT 1") == [(1,)]


def test_an_unfinished_folder_is_made_anew(data_dir: Path) -> None:
    """What a start that was killed left half made is thrown away, and the next start is whole."""
    unfinished = Folders(data_dir).unfinished
    (unfinished / "base").mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(data_dir) as server:
        assert query(server.running, "SELECT 1") == [(1,)]

    assert not unfinished.exists()


def test_another_major_version_is_refused_with_a_way_out(data_dir: Path) -> None:
    """A folder of another PostgreSQL is left alone, and the operator hears how to carry it over."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    (data_dir / "cluster" / "PG_VERSION").write_text("14\n")

    with pytest.raises(Stop, match=r"made by PostgreSQL 14, .* are 18\..*pg_dump"):
        server.start()


def test_a_stale_process_number_is_no_obstacle(data_dir: Path) -> None:
    """A process number left in the folder may belong to a stranger now: it stops no start."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    lines = [str(os.getpid()), str(data_dir), "0", "5432", "/nowhere", "", "0 0", "ready"]
    (data_dir / "cluster" / "postmaster.pid").write_text("\n".join(lines) + "\n")

    assert find_running(data_dir) is None
    with server:
        assert query(server.running, "SELECT 1") == [(1,)]


def test_a_folder_that_cannot_be_made_is_a_clear_stop(data_dir: Path) -> None:
    """Where a file stands in the way, the message names it and says what to do."""
    data_dir.write_text("a file")

    with pytest.raises(Stop, match=rf"Data folder {data_dir} cannot be used.*choose another"):
        EmbeddedPostgres(data_dir).start()
