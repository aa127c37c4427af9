"""A private PostgreSQL that takes TCP connections with TLS and a client's certificate alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.certificates import Authority
from servers.ports import free_ports
from servers.waiting import wait_for

from dispatch_bus.store.embedded import EmbeddedPostgres, start_leashed
from dispatch_bus.store.embedded.account import account_for
from dispatch_bus.store.embedded.cluster import ENVIRONMENT, HERE
from dispatch_bus.store.embedded.running import OWNER

DATABASE = "dispatch_bus"
_READY = "database system is ready"


@contextmanager
def tls_postgres(folder: Path, programs: Path, authority: Authority) -> Iterator[int]:
    """Run a server with the bus's database in ``folder``, and give its port.

    It listens on 127.0.0.1 and 127.0.0.2, and takes the bus's user alone, by a certificate of
    that name.
    """
    made = EmbeddedPostgres(folder / "data", bin_dir=programs)
    made.start()
    made.stop()
    (cluster,) = (path.parent for path in (folder / "data").glob("*/PG_VERSION"))
    (port,) = free_ports(1)
    log = folder / "tls.log"
    process = start_leashed(
        [programs / "postgres", "-D", HERE, *_arguments(cluster, port, authority)],
        log=log,
        account=account_for(cluster),
        cwd=cluster,
        env=ENVIRONMENT,
    )
    try:
        wait_for(lambda: _READY in log.read_text(), f"PostgreSQL is ready ({log})")
        yield port
    finally:
        process.terminate()
        process.wait(60)


def _arguments(cluster: Path, port: int, authority: Authority) -> list[str]:
    mine = authority.server("database")
    files = {
        "ssl_ca_file": authority.ca_file,
        "ssl_cert_file": mine.certificate_file,
        "ssl_key_file": mine.key_file,
    }
    owner = cluster.stat()
    for name, file in files.items():
        copy = Path(shutil.copy(file, cluster / name))
        os.chown(copy, owner.st_uid, owner.st_gid)
        copy.chmod(0o600)
    (cluster / "pg_hba.conf").write_text(f"hostssl {DATABASE} {OWNER} 127.0.0.0/8 cert\n")
    settings = {
        "listen_addresses": "127.0.0.1,127.0.0.2",
        "port": str(port),
        "unix_socket_directories": "",
        "ssl": "on",
        **{name: name for name in files},
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
