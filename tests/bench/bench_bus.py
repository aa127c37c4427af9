"""Starts the bus that is measured: every service in processes of its own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import bench_rooms
import bench_zones
from attrs import frozen
from bench_backlog import Backlog
from bench_load import Load
from bench_records import Cases
from bench_sizes import EACH, LATENCY_S, MOST, RATES, WARM_UP
from buses.private import COMMAND
from servers.postgres import DatabaseServer
from servers.rabbitmq import ADMIN, RabbitServer
from servers.waiting import wait_for

from dispatch_bus.bootstrap import data_folder, load_checked, open_bus
from dispatch_bus.cli import private
from dispatch_bus.settings import Settings
from dispatch_bus.store.embedded import start_leashed

_VHOST = "dispatch-bus"
# The work of the first is shared by all its processes; of the second, one does it or it is little.
_SHARED = ("intake", "coordinator", "delivery")
_SINGLE = ("relay", "sealer", "timekeeper")
# Enough for every measurement of one bus.
_STOCK = 5 * (WARM_UP + MOST) + 2 * sum(RATES) * LATENCY_S


@frozen
class Servers:
    """The PostgreSQL and the RabbitMQ that buses are started over, one at a time."""

    database: DatabaseServer
    broker: RabbitServer

    @property
    def pids(self) -> list[int]:
        """Their processes."""
        return [self.database.running.pid, self.broker.pid]


@contextmanager
def loaded(
    servers: Servers,
    folder: Path,
    cases: Cases,
    *,
    each: int = EACH,
    zones: int = 0,
    of_none: int = 0,
) -> Iterator[Load]:
    """Run a bus and its rooms, whose first ``of_none`` records concern no neighbour.

    It has ``each`` processes of every service that shares its work, and ``zones`` border zones
    instead of the real ones.
    """
    stock = folder / "stock"
    cases.stock(stock, of_concern=_STOCK, of_none=of_none)
    with ExitStack() as cleanup:
        url = cleanup.enter_context(servers.database.empty_database())
        config = _configuration(servers.broker, url, folder)
        if zones:
            bench_zones.cut(config, zones)
        settings, built = load_checked(config)
        cleanup.callback(servers.broker.drop_vhost, _VHOST)
        for words in (("migrate",), ("broker", "setup")):
            _command(config, *words)
        rooms = cleanup.enter_context(bench_rooms.running(settings, stock))
        pids = cleanup.enter_context(_services(settings, each))
        bus = open_bus(settings, built, "bench")
        cleanup.callback(bus.store.close)
        backlog = cleanup.enter_context(closing(Backlog(url)))
        yield Load(bus, url, rooms, backlog, [*servers.pids, rooms.pid, *pids])


def _configuration(broker: RabbitServer, url: str, folder: Path) -> Path:
    config = private.derive(None, folder)
    password = folder / "data" / "management.password"
    password.parent.mkdir()
    password.touch(mode=0o600)
    password.write_text(broker.password)
    changes = {
        ("store", "url"): url.replace("+psycopg", ""),
        ("broker", "url"): broker.url(_VHOST, "bus"),
        ("broker", "password_file"): "broker.password",
        ("broker", "management_url"): broker.management_url,
        ("broker", "management_user"): ADMIN,
        ("broker", "management_password_file"): password.name,
    }
    _change(config / "bus.toml", changes)
    return config


def _change(file: Path, changes: Mapping[tuple[str, str], str]) -> None:
    """Give keys that are empty a text."""
    text = file.read_text("utf-8")
    for (table, key), value in changes.items():
        before, heading, after = text.partition(f"\n[{table}]\n")
        after, found = re.subn(rf'(?m)^{key} = ""$', f'{key} = "{value}"', after, count=1)
        assert found, (table, key)
        text = before + heading + after
    file.write_text(text, "utf-8")


def _command(config: Path, *words: str) -> None:
    line = [str(COMMAND), *words, "--config", str(config)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


@contextmanager
def _services(settings: Settings, each: int) -> Iterator[list[int]]:
    names = [*_SHARED * each, *_SINGLE]
    logs = [data_folder(settings.bus) / f"{name}-{at}.log" for at, name in enumerate(names)]
    processes = [
        start_leashed(
            [COMMAND, "serve", name, "--config", settings.folder, "--metrics-port", "0"], log=log
        )
        for name, log in zip(names, logs, strict=True)
    ]
    try:
        for process, log in zip(processes, logs, strict=True):
            wait_for(partial(_is_ready, process, log), f"{log.stem} is ready", 180.0)
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def _is_ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return "ready" in log.read_text()
