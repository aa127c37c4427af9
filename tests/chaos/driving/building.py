"""Builds the arena: a database, a broker, bad lines to both, the bus's processes and its rooms."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import attrs
from buses.postman import Postman
from buses.room import Room
from buses.service_process import ServiceProcess
from chaos.driving.arena import INBOX_MESSAGES, Arena, Node
from chaos.driving.database import DatabaseProcess
from chaos.driving.plan import Lane
from servers.proxy import Proxy
from servers.rabbitmq import ADMIN, RabbitServer, RabbitServers
from servers.stepped_clock import SteppedClock

from dispatch_bus.bootstrap import data_folder, load_checked, open_bus
from dispatch_bus.cli import private, simulation
from dispatch_bus.cli.broker import set_up_broker
from dispatch_bus.cli.migrate import migrate
from dispatch_bus.cli.serve import Service
from dispatch_bus.cli.simulation import Simulation
from dispatch_bus.sdk.amqp import Access
from dispatch_bus.sdk.inbox import Inbox
from dispatch_bus.sdk.mailbox import Mailbox
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded.running import OWNER

VHOST = "dispatch-bus"
MAILBOX_ROOM = "LU"
_USER = "dispatch-bus"


@attrs.frozen(kw_only=True)
class Size:
    """How large the arena is: nodes of the broker, processes of each service, cases a second.

    There is one gateway, since its port is one.
    """

    nodes: int
    each: int
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
        threads = self.cleanup.enter_context(ThreadPoolExecutor(len(Lane)))
        database, nodes = self._database(), self._nodes()
        socket = database.server.running.socket_dir / ".s.PGSQL.5432"
        database_line = self._line(str(socket))
        broker_lines = [self._line(("127.0.0.1", one.port)) for one in nodes]
        config = self._configure(nodes[0], database_line, broker_lines)
        rooms = self._rooms(config)
        _give_mailbox(config / "rooms.toml")
        settings, zones = load_checked(config)
        with redirect_stdout(StringIO()):
            migrate(config)
            set_up_broker(config)
        nodes[0].make_vhost(VHOST)
        clocks: dict[str, SteppedClock] = {}
        services = self._services(settings, clocks)
        for room in rooms.values():
            room.start()
        return Arena(
            began=began,
            settings=settings,
            services=services,
            nodes=[Node(one) for one in nodes],
            database=database,
            broker_lines=broker_lines,
            database_lines=[database_line],
            database_url=database.server.running.url.replace("+psycopg", ""),
            vhost=VHOST,
            bus=open_bus(settings, zones, "chaos"),
            rooms=rooms,
            mailbox_room=MAILBOX_ROOM,
            postman=self._postman(settings, nodes, rooms[MAILBOX_ROOM]),
            clocks=clocks,
            threads=threads,
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

    def _configure(self, node: RabbitServer, database: Proxy, lines: Sequence[Proxy]) -> Path:
        config = private.derive(None, self.folder)
        password = self.folder / "data" / "broker-admin.password"
        password.parent.mkdir(exist_ok=True)
        password.touch(mode=0o600)
        password.write_text(node.password)
        urls = (f"amqp://{_USER}@127.0.0.1:{line.port}/{VHOST}" for line in lines)
        changes: dict[tuple[str, str], str | int] = {
            ("store", "url"): f"postgresql://{OWNER}@127.0.0.1:{database.port}/dispatch_bus",
            ("broker", "url"): ";".join(urls),
            ("broker", "password_file"): "broker-bus.password",
            ("broker", "management_url"): node.management_url,
            ("broker", "management_user"): ADMIN,
            ("broker", "management_password_file"): password.name,
            ("partners", "inbox_messages"): INBOX_MESSAGES,
            ("log", "format"): "json",
            # What is kept of a log is bounded: errors must not be pushed out by what is well.
            ("log", "level"): "warning",
        }
        _change(config / "bus.toml", changes)
        return config

    def _services(
        self, settings: Settings, clocks: dict[str, SteppedClock]
    ) -> dict[str, list[ServiceProcess]]:
        log = data_folder(settings.bus) / "log"
        log.mkdir(exist_ok=True)
        made = {
            str(service): [
                self._service(settings, service, number, clocks)
                for number in range(1, 1 + (1 if service is Service.GATEWAY else self.size.each))
            ]
            for service in Service
        }
        every = [one for some in made.values() for one in some]
        for one in every:
            one.launch()
            self.cleanup.callback(one.close)
        for one in every:
            one.wait()
        return made

    def _service(
        self, settings: Settings, service: Service, number: int, clocks: dict[str, SteppedClock]
    ) -> ServiceProcess:
        log = data_folder(settings.bus) / "log" / f"{service}-{number}.log"
        env: Mapping[str, str] = {}
        if number > 1:
            # The first of each has the true time: what is said of clocks is said of them together.
            clock = SteppedClock(self.folder / f"{service}-{number}.clock")
            clocks[f"{service} {number}"], env = clock, clock.environment
        return ServiceProcess(service, number, settings.folder, log, env=env)

    def _rooms(self, config: Path) -> dict[str, Room]:
        """Make the rooms, all with an address of their own; none is started."""
        settings, _ = load_checked(config)
        told = Simulation(seed=self.size.seed, rate_per_s=self.size.rate_per_s)
        children = simulation.children(settings, told)
        made = {
            room.settings.id: Room(child)
            for room, child in zip(settings.rooms, children, strict=True)
        }
        for room in made.values():
            self.cleanup.callback(room.stop)
        # Its own program reads what it sends: what is no JSON gets no further.
        made[MAILBOX_ROOM].change(behaviour={"malformed_share": 0.0})
        return made

    def _postman(self, settings: Settings, nodes: Sequence[RabbitServer], room: Room) -> Postman:
        user, vhost = Mailbox(MAILBOX_ROOM).user, settings.bus.partners.vhost
        secret = data_folder(settings.bus) / "partners" / f"{user}.password"
        urls = ";".join(one.url(vhost, user) for one in nodes)
        access = Access(url=urls, password=secret.read_text().strip())
        made = Postman(room, lambda: Inbox(access, MAILBOX_ROOM))
        self.cleanup.callback(made.stop)
        made.start()
        return made


def _give_mailbox(file: Path) -> None:
    """Have a room speak through its mailbox, instead of over HTTP."""
    pattern = (
        rf'(id = "{MAILBOX_ROOM}"\n(?:(?!\[).*\n)*?adapter = )"plain"'
        r"((?:(?!\[).*\n)*)\[room\.options\]\n(?:\w.*\n)+"
    )
    text, count = re.subn(pattern, r'\1"inbox"\2', file.read_text("utf-8"))
    assert count == 1, file
    file.write_text(text, "utf-8")


def _change(file: Path, changes: Mapping[tuple[str, str], str | int]) -> None:
    """Give keys of a file's tables other values."""
    text = file.read_text("utf-8")
    for (table, key), value in changes.items():
        pattern = rf"(^\[{table}\]$(?:(?!^\[).)*?^{key} = )[^\n]*"
        told = rf"\g<1>{json.dumps(value)}"
        text, count = re.subn(pattern, told, text, flags=re.MULTILINE | re.DOTALL)
        assert count == 1, (table, key)
    file.write_text(text, "utf-8")
