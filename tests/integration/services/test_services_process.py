"""The process of all services: its metrics, its end, and what it says when it cannot start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from servers.waiting import wait_for, wait_until_gone
from sqlalchemy import select

from dispatch_bus.bootstrap import load_checked, make_keys
from dispatch_bus.cli import private
from dispatch_bus.cli.process import COMMAND
from dispatch_bus.store import tables
from dispatch_bus.store.engine import connect

# The first of the two servers' addresses: with the line before it, it stands there once.
STORE = 'target_session_attrs=read-write\nurl = ""'


class Process:
    """A process of the bus over a configuration of its own; no room answers."""

    def __init__(self, folder: Path) -> None:
        self.config = private.derive(None, folder)
        self._write("bus.toml", 'format = "console"', 'format = "json"')
        self.log = folder / "log"
        self._ready = folder / "ready"

    def with_database(self, url: str) -> None:
        """Have it use this database."""
        self._write("bus.toml", STORE, f'{STORE[:-1]}{url}"')

    def with_keys(self) -> None:
        """Have it find keys: a gateway makes none."""
        settings, _ = load_checked(self.config)
        make_keys(settings.bus)

    def _write(self, file: str, old: str, new: str) -> None:
        path = self.config / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")

    @contextmanager
    def running(self, name: str = "services") -> Iterator[subprocess.Popen[bytes]]:
        """Run it, and end it at the end."""
        command = [*COMMAND, name, str(self.config)]
        command += ["--ready-file", str(self._ready)]
        with self.log.open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it says that it does its work."""
        wait_for(lambda: self._is_ready(process), "ready", 120.0)

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.log.read_text()
        return self._ready.exists() and self._ready.read_text() == str(process.pid)

    def metrics(self) -> str:
        """Return what Prometheus would read."""
        settings, _ = load_checked(self.config)
        at = settings.bus.metrics
        response = httpx.get(f"http://{at.host}:{at.bus_port}/metrics", trust_env=False, timeout=30)
        response.raise_for_status()
        return response.text


@pytest.fixture
def services(tmp_path: Path) -> Process:
    """The process, not yet run."""
    return Process(tmp_path)


def test_it_serves_its_metrics_and_ends_when_asked(services: Process, database_url: str) -> None:
    """Every kind of work is counted, and SIGTERM ends it well, with all that it started."""
    services.with_database(database_url)
    with services.running() as process:
        services.wait_until_ready(process)
        for work in ("decide", "seal", "relay", "keep_time", "pull"):
            count = f'dispatch_bus_work_seconds_count{{work="{work}"}}'
            wait_for(lambda count=count: count in services.metrics(), f"{work} is counted")
        away = 'dispatch_bus_work_failed_total{error="Retry",work="pull"}'
        wait_for(lambda: away in services.metrics(), "rooms that are away are counted")
        children = [one.pid for one in psutil.Process(process.pid).children(recursive=True)]
        assert children
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, services.log.read_text()
        for pid in children:
            wait_until_gone(pid)


def announced(url: str) -> list[int]:
    """Return the numbers of the processes that have said that they are at work."""
    engine = connect(url)
    try:
        with engine.begin() as connection:
            return list(connection.execute(select(tables.process.c.pid)).scalars())
    finally:
        engine.dispose()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_gateway_ends_when_asked_and_is_forgotten(
    services: Process, database_url: str, number: signal.Signals
) -> None:
    """Whoever asks it to end sees it end well, and nobody counts it among the processes."""
    services.with_database(database_url)
    services.with_keys()
    with services.running("gateway") as process:
        services.wait_until_ready(process)
        wait_for(lambda: announced(database_url) == [process.pid], "it is announced")
        process.send_signal(number)
        assert process.wait(60) == 0, services.log.read_text()
    assert announced(database_url) == []
    assert "Traceback" not in services.log.read_text()


def test_a_port_that_is_taken_is_no_reason_to_give_up(services: Process, database_url: str) -> None:
    """The gateway names what it could not have, and is started again."""
    services.with_database(database_url)
    services.with_keys()
    settings, _ = load_checked(services.config)
    at = settings.bus.gateway.host, settings.bus.gateway.port
    with socket.create_server(at), services.running("gateway") as process:
        assert process.wait(60) == os.EX_TEMPFAIL, services.log.read_text()
    assert "cannot listen on {}:{}".format(*at) in services.log.read_text()
    assert announced(database_url) == []


def test_its_log_is_json_and_says_why_a_room_is_not_read(
    services: Process, database_url: str
) -> None:
    """One object a line, each with its logger; the reason is the room's address."""
    services.with_database(database_url)
    with services.running() as process:
        services.wait_until_ready(process)
        wait_for(lambda: "work is put off" in services.log.read_text(), "a room is away")
    lines = [json.loads(line) for line in services.log.read_text().splitlines() if line[0] == "{"]
    (first, *_) = [line for line in lines if line["event"] == "work is put off"]
    assert first["logger"] == "dispatch_bus.messaging.work"
    assert first["work"] in {"pull", "check"}
    assert first["reason"]


@pytest.mark.parametrize("name", ["services", "gateway"])
def test_a_database_without_the_schema_ends_it_for_good(
    services: Process, empty_database_url: str, name: str
) -> None:
    """Status 78 tells the supervisor that starting again cannot help; the log says what can."""
    services.with_database(empty_database_url)
    with services.running(name) as process:
        assert process.wait(120) == os.EX_CONFIG
    said = services.log.read_text()
    assert "has schema none" in said
    assert "dispatch-bus migrate" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["services", "gateway"])
@pytest.mark.parametrize("file", ["zones.bzones", "agreements.toml"])
def test_a_configuration_that_cannot_be_used_ends_it_for_good(
    services: Process, name: str, file: str
) -> None:
    """It may have been changed while the bus ran: a restart would meet it again and again."""
    (services.config / file).write_text("[")
    with services.running(name) as process:
        assert process.wait(120) == os.EX_CONFIG
    said = services.log.read_text()
    assert file in said
    assert "Traceback" not in said
