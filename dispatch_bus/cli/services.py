"""The bus process: every nameko service together, over the broker in memory."""

# Cooperative sockets and locks have to be in place before anything makes one.
import dispatch_bus.services.patched  # isort: skip  # noqa: F401

import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from prometheus_client import start_http_server

from dispatch_bus.application import delivering
from dispatch_bus.application.gates import Gates
from dispatch_bus.bootstrap import data_folder, load_checked, make_keys, open_bus
from dispatch_bus.cli.ready import say_ready, status_of
from dispatch_bus.messaging.topology import Broker
from dispatch_bus.observability import logs
from dispatch_bus.services.running import ALL, serve


def main(config: str) -> int:
    """Run until asked to stop; the status is 78 where an operator has to act first."""
    return status_of(partial(_run, Path(config)))


def _run(config: Path) -> None:
    settings, zones = load_checked(config)
    logs.configure(settings.bus.log.format, settings.bus.log.level)
    make_keys(settings.bus)
    bus = open_bus(settings, zones, "bus")
    delivering.release(bus)
    start_http_server(settings.bus.metrics.bus_port, settings.bus.metrics.host)
    with closing(Gates((room.settings, room.adapter) for room in settings.rooms)) as gates:
        wiring = {"bus": bus, "gates": gates, "rooms": gates.rooms, "broker": Broker()}
        serve(ALL, wiring, lambda: say_ready(data_folder(settings.bus), "services"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
