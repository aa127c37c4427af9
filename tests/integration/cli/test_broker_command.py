"""The command that sets the broker up, on a broker that has nothing of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.rabbitmq import ADMIN, RabbitServer
from typer.testing import CliRunner, Result

from dispatch_bus.cli import broker
from dispatch_bus.domain.errors import Stop
from dispatch_bus.settings import defaults_folder

Run = Callable[[str], Result]
NAME = f"command-{os.getpid()}"
ROOM = "room-BE"


@pytest.fixture
def folder(tmp_path: Path, rabbit_server: RabbitServer) -> Iterator[Path]:
    """A configuration with one mailbox, for virtual hosts and users of the test's own."""
    made = tmp_path / "config"
    shutil.copytree(defaults_folder(), made)
    secret = tmp_path / "data" / "admin.password"
    secret.parent.mkdir()
    secret.write_text(rabbit_server.password)
    secret.chmod(0o600)
    _set_bus(made, tmp_path / "data", rabbit_server)
    _set_room(made)
    yield made
    for vhost in (NAME, f"{NAME}-partners"):
        rabbit_server.drop_vhost(vhost)
    for user in (f"bus-{NAME}", ROOM):
        rabbit_server.api("DELETE", f"/api/users/{user}")


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs ``dispatch-bus broker`` with a word."""
    return lambda word: CliRunner().invoke(broker.commands, [word, "--config", str(folder)])


def test_a_broker_is_set_up_and_then_as_planned(run: Run, tmp_path: Path) -> None:
    """The first time makes everything, the second nothing; the check agrees."""
    first, second, check = run("setup"), run("setup"), run("check")
    assert (first.exit_code, second.exit_code, check.exit_code) == (0, 0, 0), first.output
    assert ROOM in first.output
    assert second.output.startswith("0 of ")
    assert "as planned" in check.output
    assert _secrets(tmp_path)
    assert not any(secret in first.output for secret in _secrets(tmp_path))


def test_a_check_names_what_is_missing_and_what_to_do(
    run: Run, rabbit_server: RabbitServer
) -> None:
    """With status 1, and after another setup with 0."""
    run("setup")
    rabbit_server.api("DELETE", f"/api/queues/{NAME}/dispatch-bus.wake.decide")
    found = run("check")
    assert found.exit_code == 1
    assert f"queue dispatch-bus.wake.decide in {NAME}: missing" in found.output
    assert "dispatch-bus broker setup" in found.output
    assert run("setup").exit_code == 0


def test_a_check_before_the_setup_makes_no_password(run: Run, tmp_path: Path) -> None:
    """It says which file is missing, and changes nothing."""
    result = run("check")
    assert isinstance(result.exception, Stop)
    assert "bus.password" in str(result.exception)
    assert not (tmp_path / "data" / "broker").exists()


def test_a_bus_without_a_broker_is_told_so(tmp_path: Path) -> None:
    """The shipped configuration has its broker in memory."""
    result = CliRunner().invoke(broker.commands, ["check", "--config", str(defaults_folder())])
    assert isinstance(result.exception, Stop)
    assert "broker.url" in str(result.exception)


def _secrets(tmp_path: Path) -> list[str]:
    files = [tmp_path / "data/broker/bus.password", tmp_path / f"data/partners/{ROOM}.password"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    return [file.read_text() for file in files]


def _set_bus(folder: Path, data: Path, server: RabbitServer) -> None:
    file = folder / "bus.toml"
    head, text = file.read_text().split("[broker]", 1)
    broker_, partners = text.split("[partners]", 1)
    for old, new in (
        ('\nurl = ""', f'\nurl = "{server.url(NAME, f"bus-{NAME}")}"'),
        ('\npassword_file = ""', '\npassword_file = "broker/bus.password"'),
        ('management_url = ""', f'management_url = "{server.management_url}"'),
        ('management_user = ""', f'management_user = "{ADMIN}"'),
        ('management_password_file = ""', 'management_password_file = "admin.password"'),
    ):
        assert old in broker_, old
        broker_ = broker_.replace(old, new, 1)
    partners = partners.replace("dispatch-bus-partners", f"{NAME}-partners", 1)
    head = head.replace('folder = "var"', f'folder = "{data}"', 1)
    file.write_text(f"{head}[broker]{broker_}[partners]{partners}")


def _set_room(folder: Path) -> None:
    file = folder / "rooms.toml"
    text = file.read_text()
    begin = text.index('id = "BE"')
    end = text.index("\n\n", begin)
    options = text[begin:end].index("[room.options]")
    entry = text[begin : begin + options].replace('adapter = "plain"', 'adapter = "inbox"')
    file.write_text(text[:begin] + entry + text[end:])
