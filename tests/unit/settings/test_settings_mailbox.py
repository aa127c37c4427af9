"""Rooms with a mailbox: the bus knows the way to it, and their entries need no options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dispatch_bus.settings import GeographyFacts, check, load

Edit = Callable[[str, str, str], None]
ROOM = """adapter = "plain"
epsg = 31370
codes = "be"
options = { url = "http://127.0.0.1:8432", token = "simulated" }
"""
WITH_MAILBOX = """adapter = "inbox"
epsg = 31370
codes = "be"
"""


def test_a_room_with_a_mailbox_is_told_the_way_there(folder: Path, edit: Edit) -> None:
    """The broker's nodes with the partners' vhost, the bus's own user, and absolute files."""
    edit("rooms.toml", ROOM, WITH_MAILBOX)
    nodes = "amqp://bus@one:5672/own;amqp://bus@two/own"
    text = (folder / "bus.toml").read_text()
    head, broker, tail = text.partition("[broker]")
    tail = tail.replace('url = ""', f'url = "{nodes}"', 1)
    tail = tail.replace('password_file = ""', 'password_file = "broker/bus.password"', 1)
    (folder / "bus.toml").write_text(head + broker + tail)
    (room,) = (one for one in load(folder).rooms if one.adapter == "inbox")
    told = room.settings.options
    partners = load(folder).bus.partners
    assert told["url"] == f"amqp://bus@one:5672/{partners.vhost};amqp://bus@two/{partners.vhost}"
    assert Path(told["password_file"]).is_absolute()
    assert (told["ca_file"], told["expiry_s"]) == ("", partners.expiry_s)


def test_a_mailbox_without_a_broker_is_found(
    folder: Path, edit: Edit, facts: GeographyFacts
) -> None:
    """In memory there is nowhere to put it; the adapter is not even asked."""
    edit("rooms.toml", ROOM, WITH_MAILBOX)

    def start(settings: object, adapter: str) -> None:
        assert adapter != "inbox"

    (found,) = check(folder, facts, {"inbox", "plain"}, start)
    assert (found.file, found.key) == ("rooms.toml", "room.BE.adapter")
    assert "broker.url" in found.remedy
