"""A distributed bus of a test's own: each service as processes of its own, on two servers."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from buses.tested import COMMAND, TestedBus
from prometheus_client.parser import text_string_to_metric_families
from servers.freezing import Frozen
from servers.ports import free_ports
from servers.rabbitmq import ADMIN, RabbitServer
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.cli.serve import Service
from dispatch_bus.store.embedded import logfile, start_leashed

USER = "dispatch-bus"
VHOST = "dispatch-bus"
_ADMINS_FILE = "broker-admin.password"
_READY = b'"event": "ready"'
# A machine that is busy with other tests starts a dozen processes slowly.
_PATIENCE_S = 300.0


class ServiceProcess:
    """A process of one service; ``metrics_port`` is 0 for the gateway, which needs none."""

    def __init__(self, service: Service, config: Path, log: Path, metrics_port: int) -> None:
        self.service = service
        self.log = log
        self._port = metrics_port
        self._since = 0
        line = [str(COMMAND), "serve", service, "--config", str(config)]
        self._command = [*line, "--metrics-port", str(metrics_port)] if metrics_port else line
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Start it without waiting."""
        self._since = logfile.size(self.log)
        self._process = start_leashed(self._command, log=self.log)

    def wait_until_ready(self) -> None:
        """Wait until it says that it does its work."""
        wait_for(self._is_ready, f"{self.service} is ready ({self.log})", _PATIENCE_S)

    def start(self) -> None:
        """Start it, and wait until it does its work."""
        self.launch()
        self.wait_until_ready()

    def stop(self) -> int:
        """End it as systemd does, and return its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def kill(self) -> None:
        """Kill it; what it has started ends by itself."""
        if self._process is None:
            return
        family = [self.pid, *self.adapters()]
        self._process.kill()
        self._process.wait()
        for pid in family:
            wait_until_gone(pid)

    def freeze(self, for_s: float = 120.0) -> Frozen:
        """Have it and its adapters stand still until thawed, or for so long at the most."""
        return Frozen([self.pid, *self.adapters()], for_s=for_s)

    def adapters(self) -> list[int]:
        """Return the process numbers of the adapters that it runs."""
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.pid).children(recursive=True)
            return [one.pid for one in children if "dispatch_bus.sdk.host" in one.cmdline()]
        return []

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of what it counts under a name, for these labels."""
        at = f"http://127.0.0.1:{self._port}/metrics"
        text = httpx.get(at, trust_env=False, timeout=30).text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        return _READY in self.log.read_bytes()[self._since :]


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
            service: [self._process(service, number) for number in range(count)]
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
            process.wait_until_ready()

    def processes(self) -> Iterator[ServiceProcess]:
        """Yield every process of the bus."""
        for some in self.services.values():
            yield from some

    def close(self) -> None:
        """End everything, come what may."""
        for process in self.processes():
            process.kill()
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

    def _process(self, service: Service, number: int) -> ServiceProcess:
        log = self.data / "log" / f"{service}-{number}.log"
        port = 0 if service is Service.GATEWAY else free_ports(1)[0]
        return ServiceProcess(service, self.config, log, port)


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
