"""The bus process: every nameko service together, over the broker in memory."""

# Cooperative sockets and locks have to be in place before anything makes one.
import dispatch_bus.services.patched  # isort: skip  # noqa: F401

import os
import sys
from pathlib import Path

import structlog
from prometheus_client import start_http_server

from dispatch_bus.application.gates import Gates
from dispatch_bus.bootstrap import data_folder, load_checked, make_keys, open_bus
from dispatch_bus.cli.ready import say_ready
from dispatch_bus.domain.errors import Stop
from dispatch_bus.messaging.topology import Broker
from dispatch_bus.observability import logs
from dispatch_bus.services.running import ALL, serve


def main(config: str) -> int:
    """Run until asked to stop; the status is 78 where an operator has to act first."""
    settings, zones = load_checked(Path(config))
    logs.configure(settings.bus.log.format, settings.bus.log.level)
    try:
        make_keys(settings.bus)
        bus = open_bus(settings, zones, "bus")
        gates = Gates((room.settings, room.adapter) for room in settings.rooms)
        start_http_server(settings.bus.metrics.bus_port, settings.bus.metrics.host)
        wiring = {"bus": bus, "gates": gates, "rooms": gates.rooms, "broker": Broker()}
        serve(ALL, wiring, lambda: say_ready(data_folder(settings.bus), "services"))
    except Stop as stop:
        structlog.get_logger(__name__).critical(str(stop))
        return os.EX_CONFIG
    gates.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
