"""A process of one nameko service, or of all together over the broker in memory."""

# Cooperative sockets and locks have to be in place before anything makes one.
import dispatch_bus.services.patched  # isort: skip  # noqa: F401

import argparse
import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen
from prometheus_client import start_http_server

from dispatch_bus.application import delivering, leasing
from dispatch_bus.application.announcing import ALL_SERVICES
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.foreign import quarantine_foreign
from dispatch_bus.application.gates import Gates
from dispatch_bus.bootstrap import (
    certificate_files,
    data_folder,
    load_checked,
    make_keys,
    open_bus,
    tls_files,
)
from dispatch_bus.cli.heartbeat import announced
from dispatch_bus.cli.ready import say_ready, status_of
from dispatch_bus.domain.errors import Retry
from dispatch_bus.messaging.topology import Broker, Tls
from dispatch_bus.observability import certificates, logs
from dispatch_bus.services.delivery import Delivery
from dispatch_bus.services.running import ALL, serve
from dispatch_bus.settings import Bus as BusSettings
from dispatch_bus.settings import Settings
from dispatch_bus.store import address


@frozen(kw_only=True)
class Task:
    """What this process is to do: one service by name, or all where that is none.

    Without ``config`` it has the shipped one; ``ready_file`` is written once it does its work.
    """

    config: Path | None
    service: str | None
    metrics_port: int | None
    ready_file: Path | None

    @property
    def services(self) -> Sequence[type]:
        """The classes of the services."""
        return [one for one in ALL if self.service in (None, one.name)]


def main(arguments: Sequence[str]) -> int:
    """Run until asked to stop; the status is 78 where an operator has to act first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path, nargs="?")
    parser.add_argument("--service", choices=[one.name for one in ALL])
    parser.add_argument("--metrics-port", type=int)
    parser.add_argument("--ready-file", type=Path)
    return status_of(partial(_run, Task(**vars(parser.parse_args(arguments)))))


def _run(task: Task) -> None:
    settings, zones = load_checked(task.config)
    logs.configure(settings.bus.log.format, settings.bus.log.level)
    if task.service is None:
        make_keys(settings.bus)
    bus = open_bus(settings, zones, task.service or "bus", services=len(task.services))
    if Delivery in task.services:
        delivering.release(bus)
    _serve_metrics(settings.bus, task.metrics_port)
    certificates.watch(certificate_files(settings.bus))
    announcing = announced(bus, task.service or ALL_SERVICES)
    with announcing, _leases(bus), closing(_gates(settings)) as gates:
        serve(task.services, _wiring(bus, gates, settings.bus), partial(say_ready, task.ready_file))


def _wiring(bus: Bus, gates: Gates, settings: BusSettings) -> dict[str, Any]:
    return {
        "bus": bus,
        "gates": gates,
        "rooms": gates.rooms,
        "broker": _broker(settings, bus.holder),
        "foreign": partial(quarantine_foreign, bus),
    }


def _gates(settings: Settings) -> Gates:
    return Gates((room.settings, room.adapter) for room in settings.rooms)


def _broker(settings: BusSettings, name: str) -> Broker:
    """Return the way to the broker; each process begins with a node of its own choice."""
    broker = settings.broker
    files = tls_files(settings, broker.tls)
    return Broker(
        nodes=random.sample(broker.nodes, len(broker.nodes)),
        name=name,
        password=address.password(data_folder(settings), broker.password_file),
        tls=Tls(**files) if files else None,
    )


def _serve_metrics(settings: BusSettings, port: int | None) -> None:
    port = settings.metrics.bus_port if port is None else port
    try:
        start_http_server(port, settings.metrics.host)
    except OSError as error:
        what = f"Metrics cannot be served on port {port} ({error.strerror})"
        raise Retry(f"{what}; change metrics.bus_port, or say --metrics-port") from error


@contextmanager
def _leases(bus: Bus) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(Retry):
            leasing.release(bus)
