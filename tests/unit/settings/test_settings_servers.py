"""What ``bus.toml`` says of database and broker, and each contradiction in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch_bus.settings import Finding, GeographyFacts, check, load

STORE = '[store]\nurl = ""\npassword_file = ""'
STORE_TLS = '[store.tls]\nca_file = ""\ncertificate_file = ""\nkey_file = ""'
BROKER = '[broker]\nurl = ""\npassword_file = ""\nmanagement_url = ""\nmanagement_user = ""'
BROKER_TLS = '[broker.tls]\nca_file = ""\ncertificate_file = ""\nkey_file = ""'
DATABASE = "postgresql://bus@db/bus"
NODE = "amqp://bus@one:5672/bus"


def store(url: str = "", password: str = "") -> str:
    """Return the store's table with these values."""
    return f'[store]\nurl = "{url}"\npassword_file = "{password}"'


def broker(url: str = "", password: str = "", management: str = "", user: str = "") -> str:
    """Return the beginning of the broker's table with these values."""
    return (
        f'[broker]\nurl = "{url}"\npassword_file = "{password}"\n'
        f'management_url = "{management}"\nmanagement_user = "{user}"'
    )


def tls(key: str, ca: str = "", certificate: str = "", private: str = "") -> str:
    """Return a TLS table with these values."""
    return (
        f'[{key}.tls]\nca_file = "{ca}"\ncertificate_file = "{certificate}"\nkey_file = "{private}"'
    )


@pytest.fixture
def findings(folder: Path, facts: GeographyFacts) -> Callable[..., list[Finding]]:
    """Write servers into the folder's ``bus.toml``, and return what is found."""

    def found(*tables: str) -> list[Finding]:
        path = folder / "bus.toml"
        lines = path.read_text("utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.startswith("#"))
        olds = {table.split("]")[0]: table for table in (STORE, STORE_TLS, BROKER, BROKER_TLS)}
        for table in tables:
            old = olds[table.split("]")[0]]
            assert text.count(old) == 1, old
            text = text.replace(old, table)
        path.write_text(text, "utf-8")
        return list(check(folder, facts, {"plain"}))

    return found


RIGHT: list[tuple[str, ...]] = [
    (store(DATABASE),),
    (store(DATABASE, "db.password"), tls("store", "ca.pem")),
    (store("postgresql://bus@/bus?host=one:5432&host=two:5432&target_session_attrs=read-write"),),
    (broker(NODE), store(DATABASE)),
    (broker("amqp://bus@one/bus;amqp://bus@two:5673/bus", "mq.password"),),
    (broker("amqps://bus@one/bus"), tls("broker", "ca.pem", "bus.pem", "bus.key")),
    (broker(NODE, "", "https://one:15671", "admin"),),
]


@pytest.mark.parametrize("tables", RIGHT)
def test_servers_that_can_be_used_are_no_finding(
    findings: Callable[..., list[Finding]], tables: tuple[str, ...]
) -> None:
    """One node or several, with and without password and TLS."""
    assert findings(*tables) == []


WRONG: list[tuple[tuple[str, ...], str, object, str]] = [
    ((store("", "secret"),), "store.password_file", "secret", "embedded"),
    (
        (store("postgresql://bus:hush@db/bus", "secret"),),
        "store.password_file",
        "secret",
        "Take the password out of store.url",
    ),
    ((broker("one:5672"),), "broker.url", "one:5672", "amqp://bus@"),
    ((broker(";"),), "broker.url", ";", "Name a node"),
    ((broker("http://bus@one/bus"),), "broker.url", "http://(hidden)@one/bus", "amqp://bus@"),
    ((broker("amqp://bus@one:0/bus"),), "broker.url", "amqp://(hidden)@one:0/bus", "amqp://bus@"),
    ((broker("amqp://bus@one:x/bus"),), "broker.url", "amqp://(hidden)@one:x/bus", "amqp://bus@"),
    ((broker("amqp://one/bus"),), "broker.url", "amqp://one/bus", "Name the user"),
    ((broker("amqp://bus@one"),), "broker.url", "amqp://(hidden)@one", "Name the vhost"),
    (
        (broker("amqp://a@one/bus;amqp://b@two/bus"),),
        "broker.url",
        "amqp://(hidden)@one/bus;amqp://(hidden)@two/bus",
        "one user",
    ),
    ((broker("", "secret"),), "broker.password_file", "secret", "in memory"),
    (
        (broker("amqp://bus:hush@one/bus", "secret"),),
        "broker.password_file",
        "secret",
        "Take the password out of broker.url",
    ),
    ((broker(NODE, "", "one:15672", "admin"),), "broker.management_url", "one:15672", "whole"),
    ((broker(NODE, "", "http://one:15672"),), "broker.management_user", "", "Name the user"),
    (
        (broker("", "", "http://one:15672", "admin"),),
        "broker.management_url",
        "http://one:15672",
        "in memory",
    ),
    (
        (store(DATABASE), tls("store", "ca.pem", "bus.pem")),
        "store.tls.key_file",
        "",
        "Name it too",
    ),
    (
        (broker("amqps://bus@one/bus"), tls("broker", "ca.pem", "", "bus.key")),
        "broker.tls.certificate_file",
        "",
        "Name it too",
    ),
    (
        (store(DATABASE), tls("store", "", "bus.pem", "bus.key")),
        "store.tls.ca_file",
        "",
        "Name whom to trust",
    ),
    ((tls("store", "ca.pem"),), "store.tls.ca_file", "ca.pem", "embedded store"),
    (
        (broker(NODE), tls("broker", "ca.pem")),
        "broker.url",
        "amqp://(hidden)@one:5672/bus",
        "amqps://",
    ),
    ((broker("amqps://bus@one/bus"),), "broker.url", "amqps://(hidden)@one/bus", "amqp://"),
    (
        (broker("amqp://bus@one/dispatch%2Dbus-partners"),),
        "partners.vhost",
        "dispatch-bus-partners",
        "Use another",
    ),
]


@pytest.mark.parametrize(("tables", "key", "value", "remedy"), WRONG)
def test_servers_that_cannot_be_used_are_found(
    findings: Callable[..., list[Finding]],
    tables: tuple[str, ...],
    key: str,
    value: object,
    remedy: str,
) -> None:
    """The finding names the file, the key, the value without any secret, and the remedy."""
    (found,) = findings(*tables)
    assert (found.file, found.key, found.value) == ("bus.toml", key, value)
    assert remedy in found.remedy


def test_a_cluster_has_several_nodes(folder: Path) -> None:
    """The settings hold each node's address; none is in memory."""
    assert load(folder).bus.broker.nodes == ()
    text = (folder / "bus.toml").read_text("utf-8")
    before, after = text.split("[broker]")
    nodes = "amqp://bus@one/bus;amqp://bus@two/bus"
    changed = after.replace('url = ""', f'url = "{nodes}"', 1)
    (folder / "bus.toml").write_text(f"{before}[broker]{changed}", "utf-8")
    assert load(folder).bus.broker.nodes == tuple(nodes.split(";"))
