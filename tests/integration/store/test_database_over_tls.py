"""A database elsewhere: who it is, who the bus is, and which of two sites takes writes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.certificates import Authority
from servers.ports import free_ports
from servers.postgres import programs
from servers.tls_postgres import DATABASE, tls_postgres

from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.store import address
from dispatch_bus.store.address import Tls
from dispatch_bus.store.embedded.running import OWNER
from dispatch_bus.store.migrating import migrate
from dispatch_bus.store.schema import check

# The programs of the wheel know no TLS.
SYSTEMS = [path for name, path in programs().items() if name.endswith("-system")]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=SYSTEMS, ids=str)
def port(request: pytest.FixtureRequest, authority: Authority) -> Iterator[int]:
    """The port of a server that speaks to the bus alone."""
    # Not pytest's tmp_path: it is closed to the user that root lends the server to.
    with tempfile.TemporaryDirectory(prefix="dispatch-") as folder:
        Path(folder).chmod(0o711)
        with tls_postgres(Path(folder), request.param, authority) as made:
            yield made


def url(port: int, host: str = "127.0.0.1") -> str:
    """Return the database's address, as the configuration has it."""
    return f"postgresql://{OWNER}@{host}:{port}/{DATABASE}"


def shown_by(authority: Authority, name: str = OWNER, **changes: str) -> Tls:
    """Return what the bus shows and trusts, unless changed."""
    mine = authority.client(name)
    usual = {
        "ca_file": str(authority.ca_file),
        "certificate_file": str(mine.certificate_file),
        "key_file": str(mine.key_file),
    }
    return Tls(**usual | changes)


def test_bus_and_database_prove_to_each_other_who_they_are(port: int, authority: Authority) -> None:
    """With both certificates the schema can be made, and is what it should be."""
    whole = address.complete(url(port), tls=shown_by(authority))
    migrate(whole)
    check(whole)


def test_a_bus_without_its_certificate_is_refused(port: int, authority: Authority) -> None:
    """The reason says what the server missed."""
    tls = Tls(ca_file=str(authority.ca_file))
    with pytest.raises(Retry, match="certificate"):
        check(address.complete(url(port), tls=tls))


def test_a_database_that_nobody_trusts_is_told_nothing(
    port: int, authority: Authority, tmp_path: Path
) -> None:
    """Signed by another authority, it is not spoken to, and the reason says why."""
    other = Authority(tmp_path / "other", name="Another authority")
    tls = shown_by(authority, ca_file=str(other.ca_file))
    with pytest.raises(Retry, match="certificate verify failed"):
        check(address.complete(url(port), tls=tls))


def test_a_database_under_another_name_is_told_nothing(port: int, authority: Authority) -> None:
    """Its certificate has to name the host that was asked for."""
    with pytest.raises(Retry, match="does not match host name"):
        check(address.complete(url(port, host="127.0.0.2"), tls=shown_by(authority)))


def test_of_two_sites_the_one_that_answers_is_used(port: int, authority: Authority) -> None:
    """An address may name several hosts, each with its port."""
    (dead,) = free_ports(1)
    hosts = f"host=127.0.0.1:{dead}&host=127.0.0.1:{port}&target_session_attrs=read-write"
    whole = address.complete(f"postgresql://{OWNER}@/{DATABASE}?{hosts}", tls=shown_by(authority))
    migrate(whole)
    check(whole)


def test_a_password_comes_from_its_file_alone(tmp_path: Path) -> None:
    """What is white around it is not part of it; without a file there is none."""
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text(" p@ss/word \n")
    known = address.password(tmp_path, "password")
    assert known == "p@ss/word"
    assert "bus:p%40ss%2Fword@db" in address.complete("postgresql://bus@db/bus", known)
    assert address.password(tmp_path, "") == ""


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """The remedy says how to close the file."""
    file = tmp_path / "password"
    file.write_text("secret")
    file.chmod(0o644)
    with pytest.raises(Stop, match="600"):
        address.password(tmp_path, "password")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By its key and its path."""
    with pytest.raises(Stop, match=rf"ca_file: {tmp_path}{os.sep}ca.pem cannot be read"):
        address.files(tmp_path, {"ca_file": "ca.pem", "key_file": ""})
