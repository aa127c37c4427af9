"""The gateway process: the HTTP API in its own event loop."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dispatch_bus.bootstrap import certificate_files, data_folder, load_checked, open_bus
from dispatch_bus.cli.heartbeat import announced
from dispatch_bus.cli.ready import say_ready, status_of
from dispatch_bus.gateway.app import create_app
from dispatch_bus.gateway.connections import listen
from dispatch_bus.gateway.server import Server
from dispatch_bus.observability import certificates, logs
from dispatch_bus.settings import Bus as BusSettings
from dispatch_bus.store import key_files


def token(settings: BusSettings) -> str:
    """Return the API's token; it is made at the first start, for this user's eyes alone.

    Raises:
        Stop: it cannot be made or read, or is open to other users.
    """
    path = data_folder(settings) / settings.gateway.token_file
    path.parent.mkdir(parents=True, exist_ok=True)
    key_files.make_once(path, secrets.token_urlsafe(32).encode())
    return key_files.read(path).decode("utf-8", "replace").strip()


def main(arguments: Sequence[str]) -> int:
    """Run until asked to stop; the status is 78 where an operator has to act first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path, nargs="?")
    parser.add_argument("--ready-file", type=Path)
    return status_of(partial(_run, **vars(parser.parse_args(arguments))))


def _run(config: Path | None, ready_file: Path | None) -> None:
    settings, zones = load_checked(config)
    logs.configure(settings.bus.log.format, settings.bus.log.level)
    bus = open_bus(settings, zones, "gateway")
    app = create_app(bus, token=token(settings.bus))
    address = settings.bus.gateway
    ready = partial(say_ready, ready_file)
    certificates.watch(certificate_files(settings.bus))
    listeners = listen(address.host, address.port)
    with announced(bus, "gateway"):
        Server(app, ready=ready).run(listeners)
