"""The private server and the deaths around it: its own, its launcher's, the disk's."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from servers import launch_postgres
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.store.embedded import EmbeddedPostgres, find_binaries, find_running
from dispatch_bus.store.embedded.account import Account, account_for, can_reach
from dispatch_bus.store.embedded.cluster import ENVIRONMENT, HERE
from dispatch_bus.store.embedded.folders import Folders
from dispatch_bus.store.embedded.installation import reachable_binaries
from dispatch_bus.store.embedded.settings import as_arguments
from dispatch_bus.store.embedded.sockets import choose_socket_dir, prepare_socket_dir


def as_account(account: Account | None) -> dict[str, Any]:
    """Return what makes ``subprocess`` run something as ``account``, which only root may ask."""
    if account is None or os.geteuid() != 0:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


@contextmanager
def launcher(
    data_dir: Path, *, largest_file: int = 0, account: Account | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run the launcher in a process of its own, which is killed at the end."""
    program = [sys.executable, launch_postgres.__file__, str(data_dir), str(largest_file)]
    process = subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(data_dir.parent)},
        **as_account(account),
    )
    with process:
        yield process
        process.kill()


def server_pid(process: subprocess.Popen[str]) -> int:
    """Wait until the launcher says that the server is ready, and return its number."""
    assert process.stdout is not None
    word, number = process.stdout.readline().split()
    assert word == "ready"
    return int(number)


def execute(data_dir: Path, statement: str) -> object:
    running = find_running(data_dir)
    assert running is not None
    with psycopg.connect(running.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchone() if cursor.description else None


def test_the_server_ends_with_a_launcher_that_is_killed(data_dir: Path) -> None:
    """SIGKILL of the launcher ends the server too, and the data is whole afterwards."""
    with launcher(data_dir) as process:
        pid = server_pid(process)
        execute(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        wait_until_gone(pid)

    with EmbeddedPostgres(data_dir):
        assert execute(data_dir, "SELECT answer FROM kept") == (42,)


def test_a_start_right_after_a_kill_waits_for_the_old_server(data_dir: Path) -> None:
    """A launcher that starts while the last one's server is still ending loses nothing."""
    with launcher(data_dir) as process:
        server_pid(process)
        execute(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        process.wait()
        with EmbeddedPostgres(data_dir):
            assert execute(data_dir, "SELECT answer FROM kept") == (42,)


def test_the_server_is_started_again_after_it_was_killed(data_dir: Path) -> None:
    """SIGKILL of the server loses nothing that was committed."""
    server = EmbeddedPostgres(data_dir)
    pid = server.start().pid
    execute(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
    psutil.Process(pid).kill()
    status = wait_for(server.exit_status, "the death of the server")
    assert server.verdict(status) is None

    with server:
        assert server.running.pid != pid
        assert execute(data_dir, "SELECT answer FROM kept") == (42,)


def test_a_server_without_a_launcher_is_stopped_first(data_dir: Path) -> None:
    """A server that somebody started by hand over our folder gives way to ours."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    folders = Folders(data_dir)
    account = account_for(folders.cluster)
    bin_dir = reachable_binaries(find_binaries(), account)
    socket_dir = choose_socket_dir(data_dir, account)
    prepare_socket_dir(socket_dir, account)
    orphan = subprocess.Popen(
        [bin_dir / "postgres", "-D", HERE, *as_arguments(socket_dir)],
        cwd=folders.cluster,
        env=ENVIRONMENT,
        stderr=subprocess.DEVNULL,
        **as_account(account),
    )
    wait_for(lambda: find_running(data_dir), "the start of the orphan")

    with server:
        assert orphan.wait() == 0
        assert execute(data_dir, "SELECT 1") == (1,)


def test_a_launcher_killed_while_it_makes_the_folder_does_no_harm(data_dir: Path) -> None:
    """Killed in the middle of its very first start, the launcher leaves nothing in the way."""
    with launcher(data_dir) as process:
        wait_for(
            (Folders(data_dir).unfinished / "PG_VERSION").exists, "the beginning of the folder"
        )
        process.kill()

    with EmbeddedPostgres(data_dir):
        assert execute(data_dir, "SELECT 1") == (1,)


def test_a_first_start_without_room_is_a_clear_stop(data_dir: Path) -> None:
    """Without room the first start says so and leaves nothing half made; with room it works."""
    with launcher(data_dir, largest_file=1_000_000) as process:
        _, message = process.communicate()

    assert process.returncode == 1
    assert f"stop: There is no room left for {data_dir}" in message
    assert not Folders(data_dir).unfinished.exists()
    with EmbeddedPostgres(data_dir):
        assert execute(data_dir, "SELECT 1") == (1,)


def test_running_out_of_room_is_a_clear_stop_that_loses_nothing(data_dir: Path) -> None:
    """A server that runs out of room ends with a clear verdict, and starts cleanly with room."""
    with EmbeddedPostgres(data_dir):
        execute(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
    with launcher(data_dir, largest_file=8_000_000) as process:
        server_pid(process)
        with pytest.raises(psycopg.Error):
            # It fills the write-ahead log alone, which PostgreSQL cannot go on without.
            execute(data_dir, "SELECT pg_logical_emit_message(true, '', repeat('x', 16000000))")
        assert process.stdout is not None
        verdict = process.stdout.readline()

    assert verdict.startswith("ended")
    assert f"There is no room left for {data_dir}" in verdict
    with EmbeddedPostgres(data_dir):
        assert execute(data_dir, "SELECT answer FROM kept") == (42,)


def nobody() -> Account:
    """Return the account that root lends the server to."""
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def an_ordinary_account() -> Account:
    """Whoever runs the tests, or ``nobody`` where that is root and lets others run Python."""
    needed = (Path(sys.executable), Path(launch_postgres.__file__))
    root_can_lend = os.geteuid() == 0 and all(can_reach(nobody(), path) for path in needed)
    return nobody() if root_can_lend else Account("", os.geteuid(), os.getegid())


def test_an_ordinary_user_can_run_it(data_dir: Path) -> None:
    """No root is needed; and where root starts the server in between, its owner can go on."""
    account = an_ordinary_account()
    data_dir.mkdir()
    if os.geteuid() == 0:
        os.chown(data_dir, account.uid, account.gid)
    with launcher(data_dir, account=account) as process:
        assert psutil.Process(server_pid(process)).uids().effective == (account.uid or nobody().uid)
        process.communicate()
    with EmbeddedPostgres(data_dir):
        execute(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
    with launcher(data_dir, account=account) as process:
        server_pid(process)
        assert execute(data_dir, "SELECT answer FROM kept") == (42,)
