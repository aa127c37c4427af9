"""Looking at a running bus for a screen: it goes on while the database is slow or away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from servers.postgres import DatabaseServer
from servers.waiting import wait_for

from dispatch_bus.bootstrap import data_folder, load_checked, make_keys
from dispatch_bus.cli import private
from dispatch_bus.cli.live import Viewer
from dispatch_bus.store.embedded.database import connect

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"


@pytest.fixture
def viewer(database_url: str, tmp_path: Path) -> Iterator[Viewer]:
    """Looks at a bus over the test's database."""
    copy = private.derive(None, tmp_path)
    bus_toml = copy / "bus.toml"
    text = bus_toml.read_text("utf-8").replace('\nurl = ""', f'\nurl = "{database_url}"', 1)
    bus_toml.write_text(text, "utf-8")
    settings, zones = load_checked(copy)
    make_keys(settings.bus)
    assert data_folder(settings.bus).is_dir()
    made = Viewer(settings, zones)
    yield made
    made.bus.store.close()


def test_it_looks_again_and_again(viewer: Viewer) -> None:
    """Each look is given once; between two there is nothing new."""
    first = wait_for(viewer.look, "a look")
    assert first.is_quiet
    second = wait_for(viewer.look, "another look")
    assert second.now > first.now


def test_a_database_that_hangs_does_not_hold_up_who_asks(
    viewer: Viewer, database_url: str, postgres_server: DatabaseServer
) -> None:
    """The screen can go on to be drawn, and to say how old it is."""
    wait_for(viewer.look, "a look")
    name = urlsplit(database_url).path.lstrip("/")
    with psycopg.connect(database_url.replace("+psycopg", "")) as holding:
        holding.execute("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")
        with connect(postgres_server.running) as admin:

            def is_hanging() -> bool:
                seen = viewer.look()
                return seen is None and admin.execute(_WAITING, [name]).fetchone() == (1,)

            wait_for(is_hanging, "it asks while its own look hangs")
    wait_for(viewer.look, "a look once the database answers again")


def test_a_database_that_is_away_is_looked_for_until_it_is_back(
    viewer: Viewer, database_url: str, postgres_server: DatabaseServer
) -> None:
    """Nothing is seen meanwhile, and nothing ends."""
    wait_for(viewer.look, "a look")
    database = sql.Identifier(urlsplit(database_url).path.lstrip("/"))
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with connect(postgres_server.running) as admin:
        admin.execute(allow.format(database, sql.Literal(False)))
        admin.execute(ending, [urlsplit(database_url).path.lstrip("/")])
        looks = []
        wait_for(lambda: looks.append(viewer.look()) or len(looks) > 100, "a hundred questions")
        assert looks[-50:] == [None] * 50
        admin.execute(allow.format(database, sql.Literal(True)))
    wait_for(viewer.look, "a look once the database is back")
