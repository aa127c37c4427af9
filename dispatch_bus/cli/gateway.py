"""The gateway process: the HTTP API in its own event loop."""

from __future__ import annotations

import os
import secrets
import sys
from functools import partial
from pathlib import Path

import structlog

from dispatch_bus.bootstrap import data_folder, load_checked, open_bus
from dispatch_bus.cli.ready import say_ready
from dispatch_bus.domain.errors import Stop
from dispatch_bus.gateway.app import create_app
from dispatch_bus.gateway.server import Server
from dispatch_bus.observability import logs
from dispatch_bus.settings import Bus as BusSettings


def token(settings: BusSettings) -> str:
    """Return the API's token; it is made at the first start, for this user's eyes alone."""
    path = data_folder(settings) / settings.gateway.token_file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def main(config: str) -> int:
    """Run until asked to stop; the status is 78 where an operator has to act first."""
    settings, zones = load_checked(Path(config))
    logs.configure(settings.bus.log.format, settings.bus.log.level)
    try:
        bus = open_bus(settings, zones, "gateway")
        app = create_app(bus, token=token(settings.bus))
    except Stop as stop:
        structlog.get_logger(__name__).critical(str(stop))
        return os.EX_CONFIG
    address = settings.bus.gateway
    data = data_folder(settings.bus)
    ready = partial(say_ready, data, "gateway")
    Server(app, host=address.host, port=address.port, ready=ready).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
