"""The gateway process: the HTTP API in its own event loop."""

from __future__ import annotations

import secrets
import sys
from functools import partial
from pathlib import Path

from dispatch_bus.bootstrap import data_folder, load_checked, open_bus
from dispatch_bus.cli.ready import say_ready, status_of
from dispatch_bus.gateway.app import create_app
from dispatch_bus.gateway.server import Server
from dispatch_bus.observability import logs
from dispatch_bus.settings import Bus as BusSettings
from dispatch_bus.store.key_files import make_once


def token(settings: BusSettings) -> str:
    """Return the API's token; it is made at the first start, for this user's eyes alone."""
    path = data_folder(settings) / settings.gateway.token_file
    path.parent.mkdir(parents=True, exist_ok=True)
    make_once(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def main(config: str) -> int:
    """Run until asked to stop; the status is 78 where an operator has to act first."""
    return status_of(partial(_run, Path(config)))


def _run(config: Path) -> None:
    settings, zones = load_checked(config)
    logs.configure(settings.bus.log.format, settings.bus.log.level)
    bus = open_bus(settings, zones, "gateway")
    app = create_app(bus, token=token(settings.bus))
    address = settings.bus.gateway
    ready = partial(say_ready, data_folder(settings.bus), "gateway")
    Server(app, host=address.host, port=address.port, ready=ready).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
