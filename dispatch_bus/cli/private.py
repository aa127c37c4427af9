"""A configuration of one's own: the given one on free ports, in a data folder of its own."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from dispatch_bus.bootstrap import data_folder, load_checked
from dispatch_bus.cli.simulation import option
from dispatch_bus.domain.errors import Stop


def derive(folder: Path | None, target: Path) -> Path:
    """Copy a configuration into ``target`` so that it disturbs no other bus; return the copy.

    Its data folder is ``target/data``; gateway, metrics and rooms get ports that are free now.

    Raises:
        Stop: the configuration has mistakes, holds what cannot be copied, or writes a setting in
            another way than the shipped files.
    """
    settings, _ = load_checked(folder)
    copy = target / "config"
    shutil.rmtree(copy, ignore_errors=True)
    data = data_folder(settings.bus)
    _copy(settings.folder, copy, data)
    ports = free_ports(2 + len(settings.rooms))
    bus = settings.bus
    _replace(
        copy / "bus.toml",
        {
            f'folder = "{bus.data.folder}"': f'folder = "{target / "data"}"',
            f"\nport = {bus.gateway.port}": f"\nport = {ports[0]}",
            f"bus_port = {bus.metrics.bus_port}": f"bus_port = {ports[1]}",
        },
    )
    urls = (f'url = "{option(room.settings, "url")}"' for room in settings.rooms)
    local = (f'url = "http://127.0.0.1:{port}"' for port in ports[2:])
    _replace(copy / "rooms.toml", dict(zip(urls, local, strict=True)))
    return copy


def _copy(folder: Path, copy: Path, data: Path) -> None:
    try:
        shutil.copytree(folder, copy, ignore=lambda at, names: _within(at, names, data))
    except OSError as error:
        raise Stop(
            f"{folder} cannot be copied: {error}.",
            "Leave nothing in it but files that can be read.",
        ) from error


def _within(at: str, names: list[str], data: Path) -> list[str]:
    """Return those of ``names`` that are the data folder: it may lie beside the files."""
    return [name for name in names if Path(at, name).resolve() == data]


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _replace(path: Path, changes: dict[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes.items():
        if text.count(old) != 1:
            raise Stop(
                f"{path.name} holds {old.strip()!r} {text.count(old)} times.",
                "Write each setting on a line of its own, as the shipped file does.",
            )
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
