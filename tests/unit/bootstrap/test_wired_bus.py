"""The composition root: what is wired to what, and what keeps a bus from being wired."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from borderzones import Zones
from dispatch_bus.bootstrap import (
    NotRunning,
    adapter_names,
    data_folder,
    database_url,
    load_checked,
    load_zones,
    make_keys,
    open_bus,
)
from dispatch_bus.cli.gateway import token
from dispatch_bus.domain.errors import Stop
from dispatch_bus.gateway.access import check_token
from dispatch_bus.settings import ConfigurationWrong, Settings, defaults_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration with its data beside it."""
    copy = Path(shutil.copytree(defaults_folder(), tmp_path / "config"))
    set_to(copy, 'folder = "var"', f'folder = "{tmp_path / "data"}"')
    return copy


def set_to(folder: Path, old: str, new: str) -> None:
    """Change a setting of bus.toml."""
    text = (folder / "bus.toml").read_text("utf-8")
    assert text.count(old) == 1
    (folder / "bus.toml").write_text(text.replace(old, new), "utf-8")


def configured(folder: Path, url: str) -> tuple[Settings, Zones]:
    """Return a configuration over the database at ``url``."""
    first = 'target_session_attrs=read-write\nurl = "'
    set_to(folder, f'{first}"', f'{first}{url}"')
    return load_checked(folder)


def wired(folder: Path, url: str) -> tuple[Settings, Zones]:
    """Return a configuration over the database at ``url``, with its keys made."""
    settings, zones = configured(folder, url)
    make_keys(settings.bus)
    return settings, zones


def test_a_bus_is_wired_from_its_folder(folder: Path, database_url: str) -> None:
    """Book, zones and limits are those of the files; the store is that of the URL."""
    settings, zones = wired(folder, database_url)
    bus = open_bus(settings, zones, "bus")
    assert bus.book is settings.book
    assert bus.geography.version == zones.version
    assert bus.limits.page == settings.bus.intake.page_limit
    assert bus.limits.personal_days == settings.bus.retention.personal_days
    with bus.store.begin() as uow:
        assert uow.journal.size() == 0
    bus.store.close()


def test_the_journal_is_named_after_its_database(folder: Path, database_url: str) -> None:
    """Every process signs under one name, and two buses under two."""
    settings, zones = wired(folder, database_url)
    buses = [open_bus(settings, zones, actor) for actor in ("sealer", "gateway")]
    name = database_url.partition("?")[0].rpartition("/")[2]
    assert {bus.origin for bus in buses} == {f"dispatch-bus/{name}"}
    for bus in buses:
        bus.store.close()


def test_processes_over_a_shared_database_have_names_of_their_own(
    folder: Path, database_url: str
) -> None:
    """Two of one kind must not take each other's leases for their own."""
    settings, zones = wired(folder, database_url)
    buses = [open_bus(settings, zones, actor) for actor in ("intake", "intake", "gateway")]
    holders = {bus.holder for bus in buses}
    assert len(holders) == 3
    assert all(str(os.getpid()) in holder for holder in holders)
    for bus in buses:
        bus.store.close()


def test_a_database_without_the_schema_is_refused(folder: Path, empty_database_url: str) -> None:
    """It says which schema there is and what to do."""
    settings, zones = configured(folder, empty_database_url)
    with pytest.raises(Stop, match=r"has schema none.*dispatch-bus migrate"):
        open_bus(settings, zones, "bus")


def test_a_database_of_a_newer_release_is_refused(folder: Path, database_url: str) -> None:
    """An older program would write what the newer one no longer understands."""
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("UPDATE compatibility SET oldest = '9999'")
    settings, zones = configured(folder, database_url)
    with pytest.raises(Stop, match="has schema 9999"):
        open_bus(settings, zones, "bus")


def test_a_bus_without_keys_is_refused(folder: Path, database_url: str) -> None:
    """Keys are made by the bus process alone; no other one makes up for their loss."""
    settings, zones = wired(folder, database_url)
    shutil.rmtree(data_folder(settings.bus) / "keys")
    with pytest.raises(Stop, match="keys"):
        open_bus(settings, zones, "gateway")


def test_an_embedded_database_that_does_not_run_is_said_so(folder: Path) -> None:
    """With the command that starts it."""
    settings, _ = load_checked(folder)
    with pytest.raises(NotRunning, match="dispatch-bus up"):
        database_url(settings.bus)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO journal_pending (kind, schema_version, entry) VALUES ('x', 1, '')",
        "INSERT INTO journal (number, epoch, kind, schema_version, entry, leaf)"
        " VALUES (1, 1, 'x', 1, '', '')",
    ],
    ids=["not yet sealed", "sealed"],
)
def test_lost_keys_are_not_made_anew(folder: Path, database_url: str, statement: str) -> None:
    """A database that was written with keys waits for them, and the remedy is named."""
    settings, _ = wired(folder, database_url)
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute(statement)
    keys = data_folder(settings.bus) / "keys"
    shutil.rmtree(keys)
    with pytest.raises(Stop, match="Mount the key folder"):
        make_keys(settings.bus)
    assert not keys.exists()


def test_making_keys_again_keeps_those_that_are_there(folder: Path, database_url: str) -> None:
    """A restart reads what was written before."""
    settings, _ = wired(folder, database_url)
    keys = data_folder(settings.bus) / "keys"
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    make_keys(settings.bus)
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before


def test_the_token_is_for_its_owner_alone(folder: Path) -> None:
    """Whatever the process's umask says."""
    settings, _ = load_checked(folder)
    umask = os.umask(0)
    try:
        made = token(settings.bus)
    finally:
        os.umask(umask)
    path = data_folder(settings.bus) / settings.bus.gateway.token_file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert check_token(made) == made


def test_a_token_that_others_may_read_stops_the_gateway(folder: Path) -> None:
    """It may be known to anybody: a person has to find out, as for every other secret."""
    settings, _ = load_checked(folder)
    token(settings.bus)
    path = data_folder(settings.bus) / settings.bus.gateway.token_file
    path.chmod(0o644)
    with pytest.raises(Stop, match=f"{path} is open to other users") as stop:
        token(settings.bus)
    assert f"chmod 600 {path}" in stop.value.remedy


def test_the_token_stays(folder: Path) -> None:
    """Its bearers go on after a restart."""
    settings, _ = load_checked(folder)
    assert token(settings.bus) == token(settings.bus)


def test_two_buses_have_different_tokens(folder: Path) -> None:
    """It cannot be guessed from another one."""
    settings, _ = load_checked(folder)
    first = token(settings.bus)
    (data_folder(settings.bus) / settings.bus.gateway.token_file).unlink()
    assert token(settings.bus) != first


def test_the_shipped_adapter_is_found() -> None:
    """Adapters are known by their entry points."""
    assert "plain" in adapter_names()


def test_a_configuration_with_mistakes_is_not_loaded(folder: Path) -> None:
    """A contradiction that only the zones show is found as well."""
    duties = folder / "responsibility.toml"
    text = duties.read_text("utf-8")
    area = text.split('areas = ["', 1)[1].split('"', 1)[0]
    duties.write_text(text.replace(f'"{area}"', '"NOWHERE"'), "utf-8")
    with pytest.raises(ConfigurationWrong, match="NOWHERE"):
        load_checked(folder)


def test_missing_zones_stop_the_bus(folder: Path) -> None:
    """It names the file and what makes it."""
    (folder / "zones.bzones").unlink()
    with pytest.raises(Stop, match=r"zones\.bzones: no such zone file.*zones build"):
        load_zones(folder)
