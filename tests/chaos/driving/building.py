"""Builds the arena: a database, a broker, bad lines to both, the bus's processes and its rooms."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import attrs
from buses.room import Room
from chaos.driving.arena import Arena, Node
from chaos.driving.plan import SERVICES
from chaos.driving.processes import DatabaseProcess, ServiceProcess
from servers.proxy import Proxy
from servers.rabbitmq import ADMIN, RabbitServer, RabbitServers
from servers.stepped_clock import SteppedClock

from dispatch_bus.bootstrap import data_folder, load_checked
from dispatch_bus.cli import private, simulation
from dispatch_bus.cli.broker import set_up_broker
from dispatch_bus.cli.migrate import migrate
from dispatch_bus.cli.simulation import Simulation
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded.running import OWNER

VHOST = "dispatch-bus"
_USER = "dispatch-bus"


@attrs.frozen(kw_only=True)
class Size:
    """How large the arena is: nodes of the broker, processes of each service, cases a second.

    There is one gateway, since its port is one.
    """

    nodes: int
    processes: int
    rate_per_s: float
    seed: int


@contextmanager
def arena(size: Size) -> Iterator[Arena]:
    """Build an arena in which everything runs and the rooms send; end it all at the end."""
    with ExitStack() as cleanup:
        name = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="dispatch-chaos-"))
        Path(name).chmod(0o711)
        yield _Builder(Path(name), size, cleanup).build()


@attrs.frozen
class _Builder:
    folder: Path
    size: Size
    cleanup: ExitStack

    def build(self) -> Arena:
        began = datetime.now(UTC)
        database, nodes = self._database(), self._nodes()
        socket = database.server.running.socket_dir / ".s.PGSQL.5432"
        database_line = self._line(str(socket))
        broker_lines = [self._line(("127.0.0.1", one.port)) for one in nodes]
        settings = self._settings(nodes[0], database_line, broker_lines)
        with redirect_stdout(StringIO()):
            migrate(settings.folder)
            set_up_broker(settings.folder)
        nodes[0].make_vhost(VHOST)
        clocks: dict[str, SteppedClock] = {}
        return Arena(
            began=began,
            settings=settings,
            services=self._services(settings, clocks),
            nodes=[Node(one) for one in nodes],
            database=database,
            broker_lines=broker_lines,
            database_lines=[database_line],
            database_url=database.server.running.url.replace("+psycopg", ""),
            vhost=VHOST,
            rooms=self._rooms(settings),
            clocks=clocks,
        )

    def _database(self) -> DatabaseProcess:
        made = DatabaseProcess(self.folder / "postgres")
        self.cleanup.callback(made.server.stop)
        made.launch()
        made.wait()
        return made

    def _nodes(self) -> list[RabbitServer]:
        servers = RabbitServers()
        self.cleanup.callback(servers.close)
        if self.size.nodes > 1:
            return servers.cluster(self.size.nodes).nodes
        alone = servers.node()
        alone.start()
        return [alone]

    def _line(self, target: tuple[str, int] | str) -> Proxy:
        made = Proxy(target)
        self.cleanup.callback(made.close)
        return made

    def _settings(self, node: RabbitServer, database: Proxy, lines: Sequence[Proxy]) -> Settings:
        config = private.derive(None, self.folder)
        password = self.folder / "data" / "broker-admin.password"
        password.parent.mkdir(exist_ok=True)
        password.touch(mode=0o600)
        password.write_text(node.password)
        urls = (f"amqp://{_USER}@127.0.0.1:{line.port}/{VHOST}" for line in lines)
        changes = {
            ("store", "url"): f"postgresql://{OWNER}@127.0.0.1:{database.port}/dispatch_bus",
            ("broker", "url"): ";".join(urls),
            ("broker", "password_file"): "broker-bus.password",
            ("broker", "management_url"): node.management_url,
            ("broker", "management_user"): ADMIN,
            ("broker", "management_password_file"): password.name,
            ("log", "format"): "json",
            # What is kept of a log is bounded: errors must not be pushed out by what is well.
            ("log", "level"): "warning",
        }
        _change(config / "bus.toml", changes)
        return load_checked(config)[0]

    def _services(
        self, settings: Settings, clocks: dict[str, SteppedClock]
    ) -> dict[str, list[ServiceProcess]]:
        made = {
            service: [
                self._service(settings, service, number, clocks)
                for number in range(1, 1 + (1 if service == "gateway" else self.size.processes))
            ]
            for service in SERVICES
        }
        every = [one for some in made.values() for one in some]
        for one in every:
            one.launch()
            self.cleanup.callback(one.close)
        for one in every:
            one.wait()
        return made

    def _service(
        self, settings: Settings, service: str, number: int, clocks: dict[str, SteppedClock]
    ) -> ServiceProcess:
        name = f"{service} {number}"
        log = data_folder(settings.bus) / "log" / f"{service}-{number}.log"
        log.parent.mkdir(exist_ok=True)
        env: Mapping[str, str] = {}
        if number > 1:
            # The first of each has the true time: what is said of clocks is said of them together.
            clocks[name] = SteppedClock(self.folder / f"{service}-{number}.clock")
            env = clocks[name].environment
        return ServiceProcess(name, _command(service, settings.folder), log, env)

    def _rooms(self, settings: Settings) -> dict[str, Room]:
        told = Simulation(seed=self.size.seed, rate_per_s=self.size.rate_per_s)
        children = simulation.children(settings, told)
        made = {
            room.settings.id: Room(child)
            for room, child in zip(settings.rooms, children, strict=True)
        }
        for room in made.values():
            self.cleanup.callback(room.stop)
            room.start()
        return made


def _command(service: str, config: Path) -> list[str]:
    """Return what ``dispatch-bus serve`` becomes, which then has not to be loaded first."""
    module = "gateway" if service == "gateway" else "services"
    words = [sys.executable, "-m", f"dispatch_bus.cli.{module}", str(config)]
    return words if service == "gateway" else [*words, "--service", service, "--metrics-port", "0"]


def _change(file: Path, changes: Mapping[tuple[str, str], str]) -> None:
    """Give keys of a file's tables other texts."""
    text = file.read_text("utf-8")
    for (table, key), value in changes.items():
        pattern = rf'(^\[{table}\]$(?:(?!^\[).)*?^{key} = )"[^"]*"'
        text, count = re.subn(
            pattern,
            lambda found, value=value: f'{found[1]}"{value}"',
            text,  # type: ignore[misc]
            flags=re.MULTILINE | re.DOTALL,
        )
        assert count == 1, (table, key)
    file.write_text(text, "utf-8")
