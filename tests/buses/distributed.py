"""A distributed bus of a test's own: each service as processes of its own, on two servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from buses.service_process import ServiceProcess
from buses.tested import TestedBus
from servers.ports import free_ports
from servers.rabbitmq import ADMIN, RabbitServer
from servers.waiting import wait_for

from dispatch_bus.cli.serve import Service

USER = "dispatch-bus"
VHOST = "dispatch-bus"
_ADMINS_FILE = "broker-admin.password"


class DistributedBus(TestedBus):
    """``each`` processes of every service, but one gateway, over a database and a broker.

    The database, at ``url``, is empty and the broker has nothing yet; ``start`` sees to both.
    """

    def __init__(
        self, folder: Path, url: str, broker: RabbitServer, *, each: int = 2, **options: Any
    ) -> None:
        super().__init__(folder, bus_text=_servers(url, broker), **options)
        secret = self.data / _ADMINS_FILE
        secret.touch(mode=0o600)
        secret.write_text(broker.password)
        self._url = url.replace("+psycopg", "")
        self.broker = broker
        counts = {service: 1 if service is Service.GATEWAY else each for service in Service}
        self.services = {
            service: [self.process(service, number) for number in range(1, count + 1)]
            for service, count in counts.items()
        }

    # --- its life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Prepare database and broker, start every process, and wait until all do their work."""
        for words in (("migrate",), ("broker", "setup")):
            done = self.command(*words)
            assert done.returncode == 0, done.stdout + done.stderr
        for process in self.processes():
            process.launch()
        for process in self.processes():
            process.wait()

    def processes(self) -> Iterator[ServiceProcess]:
        """Yield every process of the bus."""
        for some in self.services.values():
            yield from some

    def close(self) -> None:
        """End everything, come what may."""
        for process in self.processes():
            process.close()
        for room in self.rooms.values():
            room.stop()

    # --- who does what ------------------------------------------------------------------------

    def holder(self, lease: str) -> ServiceProcess | None:
        """Return the process that holds a lease now."""
        query = "SELECT holder FROM lease WHERE name = %s AND until >= clock_timestamp()"
        with psycopg.connect(self._url) as connection:
            row = connection.execute(query, [lease]).fetchone()
        pid = int(row[0].split(":")[-2]) if row else 0
        return next((one for one in self.processes() if one.pid == pid), None)

    def await_holder(self, lease: str, other_than: ServiceProcess | None = None) -> ServiceProcess:
        """Wait until a process, another than this, holds a lease, and return it."""

        def held() -> ServiceProcess | None:
            holder = self.holder(lease)
            return None if holder is other_than else holder

        return wait_for(held, f"somebody else holds {lease}", 120.0)

    def count(self, table: str) -> int:
        """Return how many rows a table holds."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])

    def await_more(self, table: str) -> None:
        """Wait until a table holds more than now."""
        before = self.count(table)
        wait_for(lambda: self.count(table) > before, f"more in {table}", 120.0)

    def process(self, service: Service, number: int) -> ServiceProcess:
        """Make one more process of a service, which is not started."""
        log = self.data / "log" / f"{service}-{number}.log"
        (port,) = free_ports(1)
        return ServiceProcess(service, number, self.config, log, metrics_port=port)


def _servers(url: str, broker: RabbitServer) -> dict[str, str]:
    """Return the changes to bus.toml that name both servers; a line before makes them unique."""
    node = broker.url(VHOST, USER)
    return {
        'read-write\nurl = ""': f'read-write\nurl = "{url}"',
        'one process.\nurl = ""\npassword_file = ""': (
            f'one process.\nurl = "{node}"\npassword_file = "broker.password"'
        ),
        'management_url = ""': f'management_url = "{broker.management_url}"',
        'management_user = ""': f'management_user = "{ADMIN}"',
        'management_password_file = ""': f'management_password_file = "{_ADMINS_FILE}"',
        'format = "console"': 'format = "json"',
    }


@contextmanager
def distributed_bus(url: str, broker: RabbitServer, **options: Any) -> Iterator[DistributedBus]:
    """Make a distributed bus, not yet started, in a folder of its own; end it at the end."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        made = DistributedBus(folder, url, broker, **options)
        try:
            yield made
        finally:
            made.close()
