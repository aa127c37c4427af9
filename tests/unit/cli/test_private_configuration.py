"""A configuration of one's own: on free ports, with data of its own, from the given files."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dispatch_bus.bootstrap import data_folder, load_checked
from dispatch_bus.cli.private import derive, free_ports
from dispatch_bus.domain.errors import Stop
from dispatch_bus.settings import Settings, defaults_folder


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return Path(shutil.copytree(defaults_folder(), tmp_path / "given"))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def ports(settings: Settings) -> list[int | None]:
    """Return every port of a configuration."""
    urls = [urlsplit(str(room.settings.options["url"])) for room in settings.rooms]
    bus = settings.bus
    return [bus.gateway.port, bus.metrics.bus_port, *(url.port for url in urls)]


def test_every_port_is_another_one(tmp_path: Path) -> None:
    """Gateway, metrics and rooms disturb neither the given bus nor each other."""
    given, _ = load_checked(None)
    derived, _ = load_checked(derive(None, tmp_path))
    assert len(set(ports(derived))) == 2 + len(given.rooms)
    assert not set(ports(derived)) & set(ports(given))


def test_the_data_folder_is_beside_the_copy(tmp_path: Path) -> None:
    """Nothing is written where the given bus keeps its files."""
    derived, _ = load_checked(derive(None, tmp_path))
    assert data_folder(derived.bus) == (tmp_path / "data").resolve()


def test_all_else_stays_as_it_is(tmp_path: Path) -> None:
    """It is the same bus: the same book, zones, limits and times."""
    given, zones = load_checked(None)
    derived, same_zones = load_checked(derive(None, tmp_path))
    assert derived.book.centres == given.book.centres
    assert derived.book.agreements == given.book.agreements
    assert derived.bus.intake == given.bus.intake
    assert same_zones.version == zones.version


def test_the_given_files_are_left_alone(given: Path, tmp_path: Path) -> None:
    """Only the copy is changed."""
    before = {path: path.read_bytes() for path in given.rglob("*") if path.is_file()}
    derive(given, tmp_path)
    assert {path: path.read_bytes() for path in given.rglob("*") if path.is_file()} == before


def test_a_data_folder_beside_the_files_is_not_copied(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold a database, keys and sockets that belong to a bus which runs."""
    data = given / "var"
    (data / "postgres").mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX)
    # The path of a socket may have about 100 characters.
    monkeypatch.chdir(data)
    listening.bind("s")
    listening.close()
    edit(given / "bus.toml", 'folder = "var"', f'folder = "{data}"')
    assert not (derive(given, tmp_path) / "var").exists()


def test_it_can_be_derived_again_in_the_same_place(tmp_path: Path) -> None:
    """What an earlier one left is replaced."""
    copy = derive(None, tmp_path)
    (copy / "codes" / "xx.toml").write_text("left over")
    assert not (derive(None, tmp_path) / "codes" / "xx.toml").exists()


def test_what_cannot_be_copied_is_named(given: Path, tmp_path: Path) -> None:
    """A pipe among the files would hold up whoever reads it."""
    os.mkfifo(given / "pipe")
    with pytest.raises(Stop, match="pipe"):
        derive(given, tmp_path)


def test_a_setting_that_is_written_otherwise_is_named(given: Path, tmp_path: Path) -> None:
    """It says which line it did not find, rather than run on the given ports."""
    edit(given / "bus.toml", "\nport = 8420", "\nport=8420")
    with pytest.raises(Stop, match=r"bus\.toml holds 'port = 8420' 0 times"):
        derive(given, tmp_path)


def test_two_rooms_at_one_address_are_named(given: Path, tmp_path: Path) -> None:
    """Which of the two to change nobody can tell."""
    edit(given / "rooms.toml", "127.0.0.1:8432", "127.0.0.1:8431")
    with pytest.raises(Stop, match=r"rooms\.toml"):
        derive(given, tmp_path)


def test_a_room_that_cannot_be_simulated_is_named(given: Path, tmp_path: Path) -> None:
    """A room of another adapter has no address that a simulated room could take."""
    edit(given / "rooms.toml", 'url = "http://127.0.0.1:8433"', 'path = "/dev/ttyS0"')
    with pytest.raises(Stop, match="Room LU has no option 'url'"):
        derive(given, tmp_path)


def test_free_ports_are_free_and_different() -> None:
    """Each can be listened on at once."""
    found = free_ports(20)
    assert len(set(found)) == 20
    servers = [socket.create_server(("127.0.0.1", port)) for port in found]
    for server in servers:
        server.close()
